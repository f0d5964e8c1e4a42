# A person says that the maps are right: their hashes, who, and when.  dyn-load refuses rows of any other map.
confirm: $(OBJECTS:%=maps/%.csv) $(CHOICES) $(METADATA)
	@for m in $(OBJECTS); do \
		map-fields --check --map maps/$$m.csv --metadata $(METADATA) --choices $(CHOICES) || exit; \
	done
	@for m in $(OBJECTS); do \
		printf '%s  %s  %s  %s\n' "$$(map-fields --print-hash --map maps/$$m.csv --choices $(CHOICES))" \
			"$$m" "$${USER:-$$(id -un)}" "$$(date -u +%Y-%m-%dT%H:%M:%SZ)" || exit; \
	done >maps/confirmed.tmp
	@mv -f maps/confirmed.tmp maps/confirmed
	@echo "confirmed: $(OBJECTS)"

maps/confirmed:
	@echo "The maps are not confirmed.  Read them (maps/*.csv), then: make confirm" >&2; exit 78
