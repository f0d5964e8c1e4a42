# Contacts split by lifecycle; those at a customer's stage become contacts, attached to their account.

# The decision: which table each contact belongs in.  LEAD_DEALS=promote looks at the deals too.
SPLIT = data/source/contact/20-split.ndjson data/contact/20-split.ndjson data/lead/20-split.ndjson data/undecided/20-split.queue.ndjson
$(SPLIT) &: $(CONTACT) maps/lifecycle.csv $(if $(filter promote,$(LEAD_DEALS)),$(DEAL)) | maps/contact.csv
	@mkdir -p data/contact data/lead data/undecided
	@grep -q '^sm_original_lifecycle__c,[^,]*,$(LIFECYCLE_FIELD),' maps/contact.csv || { echo "maps/contact.csv: sm_original_lifecycle__c" \
		"is not taken from LIFECYCLE_FIELD=$(LIFECYCLE_FIELD): mend the row there and in maps/lead.csv" >&2; exit 78; }
	split-lifecycle --field "$(LIFECYCLE_FIELD)" --table maps/lifecycle.csv \
		--lead-deals $(LEAD_DEALS) $(if $(filter promote,$(LEAD_DEALS)),--deals $(DEAL)) \
		--contact data/contact/20-split.ndjson.tmp --lead data/lead/20-split.ndjson.tmp \
		--undecided data/undecided/20-split.queue.ndjson.tmp --rejects data/source/contact/20-split.rejects.ndjson.tmp \
		<$< >data/source/contact/20-split.ndjson.tmp
	@for f in data/source/contact/20-split.rejects.ndjson $(SPLIT); do mv -f $$f.tmp $$f || exit 74; done

data/undecided/60-verified.ndjson: data/undecided/20-split.queue.ndjson
	reconcile --object undecided --source $< --set-aside data/undecided/20-split >$@.tmp || test $$? = 65
	@mv -f $@.tmp $@

data/contact/existing.ndjson: data/target/metadata/tables.ndjson
	@mkdir -p $(@D)
	dyn-extract contact --select contactid,emailaddress1,sm_salesmate_id >$@.tmp
	@mv -f $@.tmp $@

data/contact/ids.ndjson: data/contact/20-split.ndjson data/contact/existing.ndjson
	$(call ids,contact,contact,$<,--existing data/contact/existing.ndjson $(MATCH_CONTACT:%=--match %))

data/contact/30-resolved.ndjson: data/contact/20-split.ndjson data/contact/ids.ndjson data/account/ids.ndjson data/owner/ids.ndjson \
		data/currency/ids.ndjson maps/refs-contact.csv $(call aside,account) | data/account/gate
	$(call resolve,$<,$(addprefix --ids ,$(filter %/ids.ndjson,$^)),maps/refs-contact.csv,$(call own,contact,contact) \
		$(call lost,company,account) --lost currency=data/currency/ids.queue.ndjson)

data/contact/40-mapped.ndjson: data/contact/30-resolved.ndjson maps/contact.csv data/target/metadata/tables.ndjson data/target/choices.csv
	$(call map,maps/contact.csv)

data/contact/50-loaded.ndjson: data/contact/40-mapped.ndjson | maps/confirmed
	$(call load)

data/contact/55-read.ndjson: data/contact/50-loaded.ndjson
	$(call read,contact,maps/contact.csv,createdon)

data/contact/60-verified.ndjson: data/contact/55-read.ndjson data/contact/50-loaded.ndjson
	$(call verify,contact,data/contact/20-split.ndjson,$<,--complete)

data/contact/gate: data/contact/60-verified.ndjson | data/undecided/60-verified.ndjson
	$(gate)
