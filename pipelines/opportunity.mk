# Deals become opportunities, open at first; the closing phase wins and loses them.

data/opportunity/ids.ndjson: $(DEAL)
	$(call ids,deal,opportunity,$<,)

# LEAD_DEALS=queue: a deal whose only party became a lead waits for a person.
REFS_OPPORTUNITY = maps/refs-opportunity$(if $(filter queue,$(LEAD_DEALS)),-queue).csv
data/opportunity/30-resolved.ndjson: $(DEAL) data/opportunity/ids.ndjson data/account/ids.ndjson data/contact/ids.ndjson data/lead/ids.ndjson \
		data/owner/ids.ndjson data/currency/ids.ndjson $(REFS_OPPORTUNITY) \
		$(call aside,account) $(call aside,contact) $(call aside,lead) data/undecided/20-split.queue.ndjson | data/lead/gate
	$(call resolve,$<,$(addprefix --ids ,$(filter %/ids.ndjson,$^)),$(REFS_OPPORTUNITY),$(call own,deal,opportunity) \
		$(call lost,company,account) $(call lost,contact,contact) $(call lost,contact,lead) \
		--lost contact=data/undecided/20-split.queue.ndjson --lost currency=data/currency/ids.queue.ndjson)

data/opportunity/40-mapped.ndjson: data/opportunity/30-resolved.ndjson maps/opportunity.csv data/target/metadata/tables.ndjson data/target/choices.csv
	$(call map,maps/opportunity.csv)

data/opportunity/50-loaded.ndjson: data/opportunity/40-mapped.ndjson | maps/confirmed
	$(call load)

data/opportunity/55-read.ndjson: data/opportunity/50-loaded.ndjson
	$(call read,opportunity,maps/opportunity.csv,createdon)

data/opportunity/60-verified.ndjson: data/opportunity/55-read.ndjson data/opportunity/50-loaded.ndjson
	$(call verify,opportunity,$(DEAL),$<,--complete --sum dealValue=estimatedvalue --by status=sm_status)

data/opportunity/gate: data/opportunity/60-verified.ndjson
	$(gate)
