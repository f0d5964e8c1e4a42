# Companies become accounts.
OBJECTS += account
TABLE_account = account
MODULE_account = company
SOURCE_account = $(COMPANY)
EXISTING_account = accountid,name,websiteurl,emailaddress1,sm_salesmate_id
MATCH_account = $(MATCH_ACCOUNT)
LOST_account = company:account currency:currency
VERIFY_account = --complete

data/account/30-resolved.ndjson: data/account/ids.ndjson data/owner/ids.ndjson data/currency/ids.ndjson | data/owner/gate
