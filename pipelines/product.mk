# The catalogue, before anything that may be sold: a schedule with one unit, a price list for each currency,
# products with numbers of their own, their prices; then the products are activated.
PRODUCT = data/source/product/10-extracted.ndjson
LINE = data/source/deal_product/10-extracted.ndjson
OWNED += $(PRODUCT)

# What the schedule and the price lists are called (Salesmate, Salesmate USD), and the unit.
CATALOGUE ?= Salesmate
UNIT ?= Unit
# A product is a row that is there already when these agree; _number is its sku, or what stands in for it.
MATCH_PRODUCT ?= _number=productnumber

# The platform makes a schedule's base unit itself, so the unit is looked for once the schedule is there.
OBJECTS += uomschedule uom
TABLE_uomschedule = uomschedule
MODULE_uomschedule = uomschedule
SOURCE_uomschedule = data/uomschedule/20-wanted.ndjson
IDS_uomschedule = uomschedule
EXISTING_uomschedule = uomscheduleid,name
MATCH_uomschedule = name=name

TABLE_uom = uom
MODULE_uom = uom
SOURCE_uom = data/uom/20-wanted.ndjson
IDS_uom = uom uomschedule
LOST_uom = uomschedule:uomschedule
EXISTING_uom = uomid,name --filter "_uomscheduleid_value eq $$(jq -r -s '.[0].id // "00000000-0000-0000-0000-000000000000"' data/uomschedule/ids.ndjson)"
MATCH_uom = name=name
data/uom/existing.ndjson: | data/uomschedule/gate

data/uomschedule/20-wanted.ndjson: $(PRODUCT)
	@mkdir -p $(@D)
	@jq -n -c --arg name "$(CATALOGUE)" --arg unit "$(UNIT)" 'first(inputs) | {id: "units", name: $$name, unit: $$unit}' $< >$@.tmp
	@mv -f $@.tmp $@

data/uom/20-wanted.ndjson: data/uomschedule/20-wanted.ndjson
	@mkdir -p $(@D)
	@jq -c '{id: "unit", name: .unit, schedule: .id}' $< >$@.tmp
	@mv -f $@.tmp $@

# One list for each currency of Salesmate that a product, a deal or a line is in.
OBJECTS += pricelevel
TABLE_pricelevel = pricelevel
MODULE_pricelevel = pricelevel
SOURCE_pricelevel = data/pricelevel/20-wanted.ndjson
IDS_pricelevel = pricelevel currency
LOST_pricelevel = currency:currency
EXISTING_pricelevel = pricelevelid,name
MATCH_pricelevel = name=name

data/pricelevel/20-wanted.ndjson: data/source/currency/10-extracted.ndjson $(PRODUCT) $(DEAL) $(LINE)
	@mkdir -p $(@D)
	@jq -n -c --arg name "$(CATALOGUE)" --slurpfile currency $< -f $(SMDYN)/pipelines/product-lists.jq $(PRODUCT) $(DEAL) $(LINE) >$@.tmp
	@mv -f $@.tmp $@

OBJECTS += product
TABLE_product = product
MODULE_product = product
SOURCE_product = data/product/20-numbered.ndjson
IDS_product = product uom uomschedule currency
LOST_product = product:product uom:uom uomschedule:uomschedule currency:currency
EXISTING_product = productid,productnumber,statecode,sm_salesmate_id
MATCH_product = $(MATCH_PRODUCT)
VERIFY_product = --complete

data/product/20-numbered.ndjson: $(PRODUCT)
	@mkdir -p $(@D)
	@jq -n -R -r -f $(SMDYN)/pipelines/product.jq $< >$@.tmp
	@mv -f $@.tmp $@

OBJECTS += price
TABLE_price = productpricelevel
MODULE_price = price
SOURCE_price = data/price/20-prices.ndjson
IDS_price = price product pricelevel uom
LOST_price = product:product pricelevel:pricelevel uom:uom
VERIFY_price = --complete

data/price/20-prices.ndjson: $(PRODUCT)
	@mkdir -p $(@D)
	@jq -n -R -c -f $(SMDYN)/pipelines/product-prices.jq $< >$@.tmp
	@mv -f $@.tmp $@

# Products are born drafts, and only active ones can be sold.  Rows that were there before us keep their state.
OBJECTS += activate
TABLE_activate = product
SOURCE_activate = data/activate/20-ours.ndjson
IDS_activate = product
LOST_activate = product:product

data/activate/20-ours.ndjson: data/product/20-numbered.ndjson data/product/ids.ndjson
	@mkdir -p $(@D)
	@jq -R -r --arg only all --slurpfile ids data/product/ids.ndjson -f $(SMDYN)/pipelines/product-ours.jq $< >$@.tmp
	@mv -f $@.tmp $@
