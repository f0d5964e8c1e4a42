# Settings of one migration.  No secret belongs here: SM_TOKEN_FILE and DYN_CLIENT_SECRET_FILE
# name files that only you can read (chmod 600), in the environment.

# Salesmate: the first label of the account's address, https://<SM_LINK>.salesmate.io
SM_LINK ?=

# Dynamics 365: the environment's address without a path, the tenant, the application's id.
DYN_URL ?=
DYN_TENANT ?=
DYN_CLIENT_ID ?=

# Part of every computed id: never change it after the first load.
NAMESPACE ?= $(SM_LINK)

# The field of a contact that holds its lifecycle stage; maps/lifecycle.csv says what each stage becomes.
LIFECYCLE_FIELD ?= type

# A deal whose only party became a lead: link (originating lead), queue (a person decides), promote (the lead becomes a contact).
LEAD_DEALS ?= link

# Records whose owner is unknown, inactive or missing go to this user (an e-mail); blank: the chain stops at the owners.
FALLBACK_OWNER ?=

# The lookup field of a company that names its parent, e.g. companySingleLookupCustomField1; blank: no parents.
PARENT_FIELD ?=

# Tags: choice (a multi-select choice, variants in case and blanks as one option), text, or auto: choice when the
# account uses fewer than 300 different ones.  Read when the maps are made.
TAGS ?= auto

# Rows that are in the target already: matched by these pairs, in this order (source field=column, trimmed and
# without regard to case; :domain compares hosts).  A match must be unique, else the record is queued with both
# candidates named.  Blank: nothing is matched, every record becomes a new row.
MATCH_ACCOUNT ?= website:domain=websiteurl:domain name=name
MATCH_CONTACT ?= email=emailaddress1
MATCH_LEAD ?= email=emailaddress1
MATCH_PRODUCT ?= _number=productnumber

# How many rejected records an object may have: 0, a number, or any.
ALLOW_REJECTS ?= 0

# What the unit group and the price lists are called (Salesmate, Salesmate USD), and the unit.
CATALOGUE ?= Salesmate
UNIT ?= Unit

# Calls: task (with sm_tasksubtype Call) or phonecall (native, with caller and callee).  Read when the maps are made.
CALL_TABLE ?= task

# E-mails that maps/visibility.csv calls private (in Salesmate only its owner and those it went to can read them; here whoever
# may read the owner's e-mails): queue (a person decides), load, or skip (left behind, and counted).
PRIVATE_EMAILS ?= queue

# handoff/smart-flow-membership.csv begins with a UTF-8 byte order mark, which Excel needs to show accents: yes or no.
HANDOFF_BOM ?= no

# More options of sm-extract (--calls-per-hour 1000) and dyn-load (--concurrency 4): their --help has them.
EXTRACT_OPTIONS ?=
LOAD_OPTIONS ?=
