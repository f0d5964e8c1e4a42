# What was sold: the lines of a deal, on its opportunity's price list; write-in lines where the product cannot be named.
OBJECTS += line
TABLE_line = opportunityproduct
MODULE_line = deal_product
SOURCE_line = data/line/20-lines.ndjson
IDS_line = line opportunity product uom currency
LOST_line = deal_product:line deal:opportunity currency:currency
COLUMNS_line = $$(cat data/line/columns),baseamount,extendedamount,createdon
VERIFY_line = --complete --sum _amount=sm_amount --by currency=sm_currency --tally sm_writein

# What the platform makes of quantity and price is what Salesmate did, to the cent.
data/line/60-amounts.ndjson: data/line/55-read.ndjson
	@jq -c 'select(.sm_amount != null and (.baseamount - .sm_amount | fabs) >= 0.01)' $< >$@.tmp
	@mv -f $@.tmp $@
	@if [ -s $@ ]; then echo "line: $$(wc -l <$@) amounts are not what Salesmate said: $@" >&2; exit 65; fi
data/line/gate: data/line/60-amounts.ndjson

data/line/20-lines.ndjson: $(LINE) data/product/ids.ndjson data/product/existing.ndjson data/activate/50-loaded.ndjson
	@mkdir -p $(@D)
	@jq -R -r --slurpfile ids data/product/ids.ndjson --slurpfile existing data/product/existing.ndjson \
		--slurpfile active data/activate/50-loaded.ndjson -f $(SMDYN)/pipelines/product-lines.jq $< >$@.tmp
	@mv -f $@.tmp $@

# An opportunity sells from the price list of its currency.
IDS_opportunity += pricelevel
LOST_opportunity += pricelevel:pricelevel
