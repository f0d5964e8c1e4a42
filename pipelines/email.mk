# E-mails (intake/email): created as drafts with their parties, completed in the closing phase, never sent.
EMAIL = data/source/email/10-extracted.ndjson
OWNED += $(EMAIL)

OBJECTS += email
TABLE_email = email
MODULE_email = email
SOURCE_email = data/email/20-split.ndjson
TIME_email = sentAt
GROUP_email = conversationId
IDS_email = email opportunity contact lead account owner visibility address
LOST_email = email:email deal:opportunity contact:contact contact:lead contact:undecided company:account
VERIFY_email = --complete
RESOLVE_email = --lost visibility=data/visibility/private.ndjson
REFS_email = maps/refs-email$(if $(filter skip,$(PRIVATE_EMAILS)),-skip).csv
PARTIES_email = yes

# Whose eyes a mail was for.  A visibility is looked up like any other reference: what maps/visibility.csv loads has an id,
# what it calls private is as PRIVATE_EMAILS says, and what it does not name waits for a person.
PRIVATE_EMAILS ?= queue
VISIBILITY = data/visibility/private.ndjson data/visibility/ids.ndjson
data/email/30-resolved.ndjson: data/visibility/private.ndjson
$(VISIBILITY) &: maps/visibility.csv FORCE
	@mkdir -p $(@D)
	@jq -R -n -c --arg private "$(PRIVATE_EMAILS)" --arg want private -f $(SMDYN)/pipelines/visibility.jq $< >data/visibility/private.ndjson.tmp
	@jq -R -n -c --arg private "$(PRIVATE_EMAILS)" --arg want ids -f $(SMDYN)/pipelines/visibility.jq $< >data/visibility/ids.ndjson.tmp
	@for f in $(VISIBILITY); do if cmp -s $$f.tmp $$f; then rm $$f.tmp; else mv -f $$f.tmp $$f || exit 74; fi; done
