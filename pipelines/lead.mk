# Contacts at an earlier stage become leads.
OBJECTS += lead
TABLE_lead = lead
MODULE_lead = contact
SOURCE_lead = data/lead/20-split.ndjson
EXISTING_lead = leadid,emailaddress1,sm_salesmate_id
MATCH_lead = $(MATCH_LEAD)
LOST_lead = contact:lead company:account currency:currency
VERIFY_lead = --complete

data/lead/30-resolved.ndjson: data/lead/ids.ndjson data/account/ids.ndjson data/owner/ids.ndjson data/currency/ids.ndjson | data/contact/gate
