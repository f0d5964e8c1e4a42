# Closing the catalogue: products that Salesmate no longer sells are retired, once their lines are there.
OBJECTS += retire
TABLE_retire = product
SOURCE_retire = data/retire/20-inactive.ndjson
IDS_retire = product
LOST_retire = product:product

data/retire/20-inactive.ndjson: data/product/20-numbered.ndjson data/product/ids.ndjson
	@mkdir -p $(@D)
	@jq -R -r --arg only inactive --slurpfile ids data/product/ids.ndjson -f $(SMDYN)/pipelines/product-ours.jq $< >$@.tmp
	@mv -f $@.tmp $@

# The process of a closed deal is finished.
define process_done
OBJECTS += $1-done
TABLE_$1-done = $$(call process,$1)
SOURCE_$1-done = data/$1/20-deals.ndjson
IDS_$1-done = $1
LOST_$1-done = deal-process:$1
REFS_$1-done = maps/refs-process-done.csv
endef
$(foreach p,$(PROCESSES),$(eval $(call process_done,$p)))

