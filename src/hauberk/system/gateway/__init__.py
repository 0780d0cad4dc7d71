"""The content gateway: a milter between Postfix and the queue. Who may write as whom, a second engine, attachments, encryption."""
