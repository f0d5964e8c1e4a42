# Owners and currencies: matched to what the target has, never created.

# Everybody whom a record of any module names as its owner; each object's file adds its source: OWNED += FILE.
OWNED = $(COMPANY) $(CONTACT) $(DEAL)
owning = $(sort $(OWNED) $(filter $(foreach m,activity product note email call team_inbox_conversation team_inbox_message,data/source/$m/%),$(EXTRACTED)))

.SECONDEXPANSION:
data/owner/20-split.ndjson: data/source/user/10-extracted.ndjson $$(owning)
	@mkdir -p $(@D)
	@jq -n -c --slurpfile user $< -f $(SMDYN)/pipelines/owners.jq $(owning) >$@.tmp
	@mv -f $@.tmp $@

# By e-mail: a user, or where there is none, a team.
data/owner/ids.ndjson: data/owner/20-split.ndjson data/target/systemuser.ndjson data/target/team.ndjson
	$(call ids,user,systemuser,$<,--match email=internalemailaddress --match-only --inactive isdisabled \
		--existing data/target/systemuser.ndjson $(if $(FALLBACK_OWNER),--fallback "$(FALLBACK_OWNER)") \
		--else team --existing data/target/team.ndjson --match email=emailaddress)

data/target/team.ndjson: data/target/organization
	$(say)dyn-extract team --select teamid,name,emailaddress >$@.tmp
	@mv -f $@.tmp $@

# For the administrator: who is missing, why, and what to do about it.
data/owner/queue.csv: data/owner/ids.ndjson
	@jq -r -s --arg form csv -f $(SMDYN)/pipelines/owners-queue.jq data/owner/ids.queue.ndjson >$@.tmp
	@mv -f $@.tmp $@
	@jq -r -s --arg form count -f $(SMDYN)/pipelines/owners-queue.jq data/owner/ids.ndjson data/owner/ids.queue.ndjson

# The first gate: nothing is loaded while an owner is unresolved, unless a fallback owner is named.
data/owner/gate: data/owner/ids.ndjson data/owner/queue.csv
	@if [ -s data/owner/ids.queue.ndjson ] && [ -z "$(FALLBACK_OWNER)" ]; then \
		echo "owners: $$(wc -l <data/owner/ids.queue.ndjson) unresolved, listed in data/owner/queue.csv." \
			"Provision them, then remove data/target/systemuser.ndjson and data/target/team.ndjson and run make again;" \
			"or set FALLBACK_OWNER=e-mail." >&2; \
		exit 78; \
	fi
	@printf '{"object":"owner","fallback":"%s","at":"%s"}\n' "$(FALLBACK_OWNER)" "$$(date -u +%Y-%m-%dT%H:%M:%SZ)" >$@

data/currency/ids.ndjson: data/source/currency/10-extracted.ndjson data/target/transactioncurrency.ndjson
	$(call ids,currency,transactioncurrency,$<,--key code --match code=isocurrencycode --match-only \
		--existing data/target/transactioncurrency.ndjson)
