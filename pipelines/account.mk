# Companies become accounts.
OBJECTS += account
TABLE_account = account
MODULE_account = company
SOURCE_account = $(COMPANY)
IDS_account = account owner currency
EXISTING_account = accountid,name,websiteurl,emailaddress1,sm_salesmate_id
MATCH_account = $(MATCH_ACCOUNT)
LOST_account = company:account currency:currency
VERIFY_account = --complete

