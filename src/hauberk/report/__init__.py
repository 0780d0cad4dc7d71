"""An assessment on paper and on screen: PDF, PNG and JPG by Typst; JSON, JSON lines and CSV."""
