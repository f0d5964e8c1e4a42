# What Salesmate has, verbatim: one file a module.
# The field definitions come first: they name the custom fields to ask for.

EXTRACTED = $(foreach m,field user pipeline tag currency company contact deal,data/source/$m/10-extracted.ndjson)
LISTS = $(foreach m,field user pipeline tag currency,data/source/$m/10-extracted.ndjson)
COMPANY = data/source/company/10-extracted.ndjson
CONTACT = data/source/contact/10-extracted.ndjson
DEAL = data/source/deal/10-extracted.ndjson

$(LISTS):
	@mkdir -p $(@D)
	$(say)sm-extract $(notdir $(@D)) --state $(@D)/state >$@.tmp
	@mv -f $@.tmp $@

$(COMPANY) $(CONTACT) $(DEAL): data/source/field/10-extracted.ndjson
	@mkdir -p $(@D)
	$(say)sm-extract $(notdir $(@D)) --fields $< --state $(@D)/state >$@.tmp
	@mv -f $@.tmp $@
