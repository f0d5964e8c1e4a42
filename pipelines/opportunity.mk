# Deals become opportunities, open at first; the closing phase wins and loses them.
OBJECTS += opportunity
TABLE_opportunity = opportunity
MODULE_opportunity = deal
SOURCE_opportunity = $(DEAL)
LOST_opportunity = deal:opportunity company:account contact:contact contact:lead contact:undecided currency:currency
VERIFY_opportunity = --complete --sum dealValue=estimatedvalue --by status=sm_status

# LEAD_DEALS=queue: a deal whose only party became a lead waits for a person.
REFS_opportunity = maps/refs-opportunity$(if $(filter queue,$(LEAD_DEALS)),-queue).csv

data/opportunity/30-resolved.ndjson: data/opportunity/ids.ndjson data/account/ids.ndjson data/contact/ids.ndjson data/lead/ids.ndjson \
	data/owner/ids.ndjson data/currency/ids.ndjson | data/lead/gate
