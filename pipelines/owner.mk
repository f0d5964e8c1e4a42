# Owners and currencies: matched to what the target has, never created.

# Everybody whom a record names as its owner.
data/owner/20-split.ndjson: data/source/user/10-extracted.ndjson $(COMPANY) $(CONTACT) $(DEAL)
	@mkdir -p $(@D)
	@jq -n -c --slurpfile user $< -f $(SMDYN)/pipelines/owners.jq $(COMPANY) $(CONTACT) $(DEAL) >$@.tmp
	@mv -f $@.tmp $@

data/owner/ids.ndjson: data/owner/20-split.ndjson data/target/systemuser.ndjson
	$(call ids,user,systemuser,$<,--match email=internalemailaddress --match-only --inactive isdisabled \
		--existing data/target/systemuser.ndjson $(if $(FALLBACK_OWNER),--fallback "$(FALLBACK_OWNER)"))

# For the administrator: who is missing, why, and what to do about it.
data/owner/queue.csv: data/owner/ids.ndjson
	@jq -r -s '["id","name","email","reason","what to do"], (.[] | [.id, .name, .email, ._error.code, ._error.message]) | @csv' \
		data/owner/ids.queue.ndjson >$@.tmp
	@mv -f $@.tmp $@

# The first gate: nothing is loaded while an owner is unresolved, unless a fallback owner is named.
data/owner/gate: data/owner/ids.ndjson data/owner/queue.csv
	@if [ -s data/owner/ids.queue.ndjson ] && [ -z "$(FALLBACK_OWNER)" ]; then \
		echo "owners: $$(wc -l <data/owner/ids.queue.ndjson) unresolved, listed in data/owner/queue.csv." \
			"Provision them, then remove data/target/systemuser.ndjson and run make again; or set FALLBACK_OWNER=e-mail." >&2; \
		exit 78; \
	fi
	@printf '{"object":"owner","fallback":"%s","at":"%s"}\n' "$(FALLBACK_OWNER)" "$$(date -u +%Y-%m-%dT%H:%M:%SZ)" >$@

data/currency/ids.ndjson: data/source/currency/10-extracted.ndjson data/target/transactioncurrency.ndjson
	$(call ids,currency,transactioncurrency,$<,--key code --match code=isocurrencycode --match-only \
		--existing data/target/transactioncurrency.ndjson)
