# Deals become opportunities, open at first; the closing phase wins and loses them.
OBJECTS += opportunity
TABLE_opportunity = opportunity
MODULE_opportunity = deal
SOURCE_opportunity = $(DEAL)
IDS_opportunity = opportunity account contact lead owner currency
LOST_opportunity = deal:opportunity company:account contact:contact contact:lead contact:undecided currency:currency
VERIFY_opportunity = --complete --sum dealValue=estimatedvalue --by status=sm_status

# LEAD_DEALS=queue: a deal whose only party became a lead waits for a person.
REFS_opportunity = maps/refs-opportunity$(if $(filter queue,$(LEAD_DEALS)),-queue).csv

