"""The ports of the mail system, on which host and for whom."""

SMTP = 25  # MTA, for everybody
HTTPS = 443  # MTA, the MTA-STS policy
DNS = 53  # MTA, Unbound, for the inside
SSH = 22  # every host, for administrators; the MTA for the MDA, which pushes the list of recipients
SIGNATURES = 8081  # MTA, virus signatures, for the MDA only
RELAY = 10025  # MTA, what people send, from the MDA only
LMTP = 24  # MDA, from the MTA only
SUBMISSIONS = 465  # MDA, for workstations (RFC 8314, 3.3)
IMAPS = 993  # MDA, for workstations

# On loopback of either host:
RSPAMD_MILTER = 11332
RSPAMD_CONTROLLER = 11334
GATEWAY = 11400
CLAMD = 3310
MTA_STS = 8461
SRS_FORWARD = 10001
SRS_REVERSE = 10002
