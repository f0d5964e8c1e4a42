# What Salesmate has, one file a module: data/source/<module>/10-extracted.ndjson.  The rules are in extract.mk,
# which is read last, when it is known which modules the objects need.
#
#	MODULES += name		one more module (that of an object's SOURCE_ is known without it)
#	NUMBER_name = 9		its number: the API has it (tickets 9, quotes 10, custom modules from 100)

EXTRACT_OPTIONS ?=
LISTED = user pipeline tag currency
SEARCHED = company contact deal activity product
TAKEN = team email call team_inbox_conversation team_inbox_message smart_flow smart_flow_enrollment
# A migration's own: those that an object begins with, and MODULES.
OWN_MODULES = $(sort $(filter-out field $(LISTED) $(SEARCHED) $(TAKEN) deal_product note attachment,$(MODULES) \
	$(foreach o,$(OBJECTS),$(patsubst data/source/%/10-extracted.ndjson,%,$(filter data/source/%/10-extracted.ndjson,$(SOURCE_$o))))))
NUMBERED = $(foreach m,$(OWN_MODULES),$(if $(NUMBER_$m),$m))
SOURCES = field $(LISTED) $(SEARCHED) deal_product note attachment $(TAKEN) $(OWN_MODULES)
source = $(1:%=data/source/%/10-extracted.ndjson)
EXTRACTED = $(call source,$(SOURCES))
COMPANY = data/source/company/10-extracted.ndjson
CONTACT = data/source/contact/10-extracted.ndjson
DEAL = data/source/deal/10-extracted.ndjson
