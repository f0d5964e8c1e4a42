load helper

# The catalogue and the lines: numbers, prices, write-ins, amounts; and that they arrive.

setup() { cd "$BATS_TEST_TMPDIR" || return; }

@test "the first of a sku keeps it, others and the blank get numbers of their own; lines stay byte for byte" {
	printf '%s\n' '{"id":1,"sku":"A", "n":1.0000}' '{"id":2,"sku":" a "}' '{"id":3,"sku":null}' '{"id":4,"sku":"a-2"}' '{"id":5,"sku":"SM-3"}' 'bad' >in
	jq -n -R -r -f "$root/pipelines/product.jq" in >out
	diff - <(sed 's/,"_unit.*//' out) <<-'E'
	{"id":1,"sku":"A", "n":1.0000,"_number":"A"
	{"id":2,"sku":" a ","_number":"a-2-2"
	{"id":3,"sku":null,"_number":"SM-3-3"
	{"id":4,"sku":"a-2","_number":"a-2"
	{"id":5,"sku":"SM-3","_number":"SM-3"
	bad
	E
}

@test "a price list for each declared currency that is used" {
	printf '%s\n' '{"code":"USD"}' '{"code":"EUR"}' '{"code":"GBP"}' >currency
	printf '%s\n' '{"currency":"USD"}' '{"currency":{"code":"ZZZ"},"prices":[{"currency":"GBP"}]}' '{"currency":null}' >in
	diff <(printf 'USD Salesmate USD\nGBP Salesmate GBP\n') <(jq -n -r --arg name Salesmate --slurpfile currency currency \
		-f "$root/pipelines/product-lists.jq" in | jq -r '"\(.id) \(.name)"')
}

@test "a line names its product, or says why it cannot; quantity times price is exact" {
	printf '%s\n' '{"key":"1","id":"n1","how":"new"}' '{"key":"2","id":"n2","how":"new"}' '{"key":"3","id":"m3","how":"matched"}' '{"key":"4","id":"m4","how":"matched"}' >ids
	printf '%s\n' '{"productid":"m3","statecode":0}' '{"productid":"m4","statecode":1}' >existing
	printf '%s\n' '{"id":"n1","outcome":"updated"}' '{"id":"n2","outcome":"rejected"}' >active
	printf '%s\n' '{"productId":1,"quantity":2.505,"sellingPrice":"1.01"}' '{"productId":2,"quantity":"-3","sellingPrice":55}' \
		'{"productId":3,"quantity":null,"sellingPrice":"1"}' '{"productId":4}' '{"productId":5,"quantity":90071992547,"sellingPrice":"1000000.01"}' 'bad' >in
	jq -R -r --slurpfile ids ids --slurpfile existing existing --slurpfile active active -f "$root/pipelines/product-lines.jq" in >out
	diff <(printf '%s\n' '1  2.53005' '2 rejected -165' '3  ' '4 retired ' '5 missing ') \
		<(grep -v bad out | jq -r '"\(.productId) \(._writein // "") \(._amount // "")"')
	[ "$(tail -n 1 out)" = bad ]
}

@test "the demo's catalogue is active, its inactive products are retired, and lines and totals are what Salesmate said" {
	unset MAKEFLAGS MFLAGS MAKELEVEL
	sh "$root/pipelines/demo" "$fixtures/demo" >log 2>&1 || { tail -n 40 log; false; }
	cd demo
	[ "$(jq -c '[.objects[] | select(.object == "line" or .object == "product" or .object == "retire") | .balanced]' report/summary.json)" = '[true,true,true]' ]
	jq -r '"\(.sm_salesmate_id) \(.productnumber)"' data/product/55-read.ndjson | grep -qx '45 b-12-45'
	[ "$(jq -s -c 'map([.statecode, .statuscode]) | unique' data/activate/55-read.ndjson)" = '[[0,1]]' ]
	[ "$(jq -r 'select(.["_error"].code == "out-of-range") | .id' data/price/40-mapped.rejects.ndjson)" = 46-70 ]
	jq -r '"\(.id // ._source.id) \(._error.code)"' data/line/{30-resolved,40-mapped,50-loaded}.rejects.ndjson | grep -v reference-rejected | sort -n >aside
	diff <(printf '77 missing-reference\n104 required\n150 refused\n160 out-of-range\n') aside
	jq -r 'select(.isproductoverridden) | "\(.sm_salesmate_id) \(.productdescription) \(.sm_writein) \(.sm_product_id)"' data/line/55-read.ndjson | sort >writein
	diff <(printf '21 Winch, electric missing 99\n58 Product 98 missing 98\n') writein
	[ ! -s data/line/60-amounts.ndjson ]
	[ "$(jq '.sums.balanced' data/line/60-verified.ndjson)" = true ]
	# an opportunity with lines keeps its own value
	[ "$(jq 'select(.sm_salesmate_id == "342") | .estimatedvalue' data/opportunity/55-read.ndjson)" = 6875.25 ]
	# a deal without a probability has its stage's
	[ "$(jq 'select(.sm_salesmate_id == "341") | .closeprobability' data/opportunity/55-read.ndjson)" = 90 ]
}
