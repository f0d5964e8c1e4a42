# Contacts split by lifecycle; those at a customer's stage become contacts, attached to their account.
OBJECTS += contact
TABLE_contact = contact
MODULE_contact = contact
SOURCE_contact = data/contact/20-split.ndjson
IDS_contact = contact account owner currency
EXISTING_contact = contactid,emailaddress1,sm_salesmate_id
MATCH_contact = $(MATCH_CONTACT)
LOST_contact = contact:contact company:account currency:currency
VERIFY_contact = --complete

SPLIT = data/source/contact/20-split.ndjson data/contact/20-split.ndjson data/lead/20-split.ndjson data/undecided/20-split.queue.ndjson
$(SPLIT) &: $(CONTACT) maps/lifecycle.csv $(if $(filter promote,$(LEAD_DEALS)),$(DEAL)) | maps/contact.csv
	@mkdir -p data/contact data/lead data/undecided
	@grep -q '^sm_original_lifecycle__c,[^,]*,$(LIFECYCLE_FIELD),' maps/contact.csv || { echo "maps/contact.csv: sm_original_lifecycle__c" \
		"is not taken from LIFECYCLE_FIELD=$(LIFECYCLE_FIELD): mend the row there and in maps/lead.csv" >&2; exit 78; }
	$(say)split-lifecycle --field "$(LIFECYCLE_FIELD)" --table maps/lifecycle.csv \
		--lead-deals $(LEAD_DEALS) $(if $(filter promote,$(LEAD_DEALS)),--deals $(DEAL)) \
		--contact data/contact/20-split.ndjson.tmp --lead data/lead/20-split.ndjson.tmp \
		--undecided data/undecided/20-split.queue.ndjson.tmp --rejects data/source/contact/20-split.rejects.ndjson.tmp \
		<$< >data/source/contact/20-split.ndjson.tmp
	@for f in data/source/contact/20-split.rejects.ndjson $(SPLIT); do mv -f $$f.tmp $$f || exit 74; done

# The undecided have books of their own: all of them are queued for a person.
data/undecided/60-verified.ndjson: data/undecided/20-split.queue.ndjson
	$(say)reconcile --object undecided --source $< --set-aside data/undecided/20-split >$@.tmp || test $$? = 65
	@mv -f $@.tmp $@

data/contact/gate: | data/undecided/60-verified.ndjson
