# Contacts at an earlier stage become leads.
OBJECTS += lead
TABLE_lead = lead
MODULE_lead = contact
SOURCE_lead = data/lead/20-split.ndjson
IDS_lead = lead account owner currency
EXISTING_lead = leadid,emailaddress1,sm_salesmate_id
MATCH_lead = $(MATCH_LEAD)
LOST_lead = contact:lead company:account currency:currency
VERIFY_lead = --complete

