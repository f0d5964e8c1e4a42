load helper

# Process flows: the binding of pipelines to the flows of the target, their instances, and what to build where there is none.

flow() { printf '{"workflowid":"%s","name":"%s","uniquename":"%s","statecode":%s,"primaryentity":"%s"}\n' "$@"; }
stage() { printf '{"processstageid":"%s","stagename":"%s","stagecategory":%s,"_processid_value":"%s","primaryentitytypecode":"opportunity"}\n' "$@"; }

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export SM_TOKEN=sandbox DYN_CLIENT_SECRET=sandbox
	unset MAKEFLAGS MFLAGS MAKELEVEL
}

# bind FILE: the checked binding, against two pipelines and five flows.
bind() {
	printf '%s\n' '{"id":1,"pipeline":"New, \"big\"","stages":[{"id":1,"stage":"One"},{"id":2,"stage":"Two"}]}' \
		'{"id":2,"pipeline":"P2","stages":[{"id":3,"stage":"x"}]}' >pipelines
	{ flow f1 Sales sm_Sales 1 opportunity; flow f2 Twice sm_a 1 opportunity; flow f3 Twice sm_b 1 opportunity
		flow f4 Draft sm_d 0 opportunity; flow f5 Leads sm_l 1 lead; } >flows
	{ stage c Propose 2 f1; stage a Qualify 0 f1; stage b2 Demo 1 f1; stage b1 Develop 1 f1; stage z x 0 f2; } >stages
	jq -n -c -R --arg form bind --slurpfile pipeline pipelines --slurpfile flow flows --slurpfile stage stages \
		-f "$root/pipelines/process-binding.jq" "$1"
}

# said LINE...: binds these lines; what is wrong with them.
said() {
	{ echo pipeline,stage,process,processstage; printf '%s\n' "$@"; } >csv
	bind csv | jq -r '.error // "bound"'
}

@test "a binding is the path to each stage, in the flow's order" {
	printf 'pipeline,stage,process,processstage\r\n"New, ""big""",One,Sales,Qualify\n"New, ""big""",,Sales,Develop\n"New, ""big""",Two,Sales,Demo\n' >csv
	run bind csv
	[ "$(jq -r '"\(.object) \(.table) \([.stages[].processstageid] | join(" ")) \(.pipelines["New, \"big\""] | "\(.One.path) \(.Two.path)")"' <<<"$output")" = \
		'process-1 sm_sales a b1 b2 c a a,b1,b2' ]
	printf 'pipeline,stage,process,processstage\n' >csv
	run bind csv
	[ -z "$output" ]
}

@test "a flow or a stage that is not there, or there twice, is named with what there is" {
	said P2,x,Salez,Qualify | grep -qx 'maps/processes.csv: the target has no process flow "Salez"; it has "Draft", "Leads", "Sales", "Twice"'
	said P2,x,Twice,x | grep -qx 'maps/processes.csv: the target has 2 process flows "Twice": sm_a (f2), sm_b (f3): write the unique name'
	said P2,x,sm_a,x | grep -qx bound
	said P2,x,Draft,x | grep -q 'is not activated'
	said P2,x,Leads,x | grep -q 'of the table lead, not of opportunity'
	said P2,x,Sales,Nope P2,,Sales,Develop P2,,Sales,Demo | grep -qx 'maps/processes.csv: the process flow "Sales" has no stage "Nope"; it has "Qualify", "Develop", "Demo", "Propose"'
	said No,x,Sales,Qualify | grep -q 'Salesmate has no pipeline "No"'
	said P2,y,Sales,Qualify | grep -q 'pipeline "P2" has no stage "y"; it has "x"'
	said P2,,Sales,Develop P2,,Sales,Demo | grep -q 'stage "x" of pipeline "P2" is bound to no stage'
}

@test "an order that cannot be traversed or cannot be told is refused" {
	said '"New, ""big""",One,Sales,Propose' '"New, ""big""",Two,Sales,Qualify' P2,,Sales,Develop P2,,Sales,Demo |
		grep -q 'goes from "One" to "Two", but "Sales" has "Qualify" before "Propose": that cannot be traversed'
	said P2,x,Sales,Demo | grep -q 'where stage "Develop" of "Sales" stands cannot be told'
	said P2,x,Sales,Propose P2,x,Sales,Demo | grep -q 'stage "x" of pipeline "P2" is bound twice'
	said P2,x,Sales,Qualify P2,,Twice,x | grep -q 'pipeline "P2" is bound to more than one process'
	printf 'a,b\nP2,x,Sales,No\n' >csv
	bind csv | grep -q 'its header must be'
}

@test "a specification has stages, probabilities, days, choice values and the deals at each stage" {
	echo '{"id":7,"pipeline":"A | B","isWinProbabilityEnabledManually":1,"stages":[{"id":11,"stage":"First|one","winProbability":10,"rottenPeriod":30},{"id":12,"stage":"Last","winProbability":null,"rottenPeriod":null}]}' >pipe
	printf '%s\n' '{"id":1,"pipeline":"A | B","stage":"First|one","status":"Open"}' '{"id":2,"pipeline":"A | B","stage":"First|one","status":"Close"}' \
		'{"id":3,"pipeline":"A | B","stage":"gone","status":"Open"}' '{"id":4,"pipeline":"other","stage":"Last","status":"Open"}' >deals
	jq -n -c --slurpfile pipeline pipe --slurpfile bound /dev/null -f "$root/pipelines/process-spec.jq" deals >spec
	[ "$(jq -r .file spec)" = process-7-a-b.md ]
	jq -r .text spec >text
	grep -Fxq '| 1 | First\|one | 727000011 | 10 % | 30 days | 1 | 1 | 0 |' text
	grep -Fxq '| 2 | Last | 727000012 |  |  | 0 | 0 | 0 |' text
	grep -Fq 'set aside for a person: "gone" (1).' text
	echo '{"pipelines":{"A | B":{}}}' >bound
	[ -z "$(jq -n -c --slurpfile pipeline pipe --slurpfile bound bound -f "$root/pipelines/process-spec.jq" deals)" ]
}

# stand_ins: both services; the target has the platform's own flow, and one that somebody built (its table calls the
# opportunity bpf_opportunityid, and there Finished goes with the state 0).
stand_ins() {
	local i=0 s
	mkdir meta
	cp "$fixtures"/metadata/*.ndjson meta
	sed 's/opportunitysalesprocesses/sm_saleses/g; s/opportunitysalesprocess/sm_sales/g; s/OpportunitySalesProcess/sm_Sales/g
		s/"opportunityid"/"bpf_opportunityid"/g; s/"OpportunityId"/"bpf_OpportunityId"/g; s/"ReferencedAttribute":"bpf_opportunityid"/"ReferencedAttribute":"opportunityid"/
		s/"\(MetadataId\|SchemaName\)":"\([0-9a-f]*\)-\(....\)-5/"\1":"\2-\3-4/g' "$fixtures/metadata/opportunitysalesprocess.ndjson" |
		jq -c 'if .LogicalName == "statuscode" then .OptionSet.Options |= map(if .Value == 2 then .State = 0 else . end) else . end' >meta/sm_sales.ndjson
	{
		echo '{"_table":"workflow","workflowid":"11111111-0000-4000-8000-000000000001","name":"Sales flow","uniquename":"sm_Sales","category":4,"type":1,"primaryentity":"opportunity","statecode":1,"statuscode":2}'
		for s in Untouched Contacted Qualified Proposal Deal; do
			i=$((i + 1))
			printf '{"_table":"processstage","processstageid":"22222222-0000-4000-8000-00000000000%d","stagename":"%s","stagecategory":%d,"primaryentitytypecode":"opportunity","processid@odata.bind":"/workflows(11111111-0000-4000-8000-000000000001)"}\n' $i $s $((i < 4 ? i - 1 : 3))
		done
	} >rows
	start sm sm-sandbox --data "$fixtures/demo"
	sm_port=$port
	start dyn dyn-sandbox --store "$BATS_TEST_TMPDIR/t.db" --metadata meta --rows rows --users "$fixtures/demo/target-users.ndjson"
	mkdir -p m/maps
	printf 'include settings.mk\ninclude %s/pipelines/migrate.mk\n' "$root" >m/Makefile
	cat >m/settings.mk <<-E
	SM_URL ?= http://127.0.0.1:$sm_port
	SM_LINK ?= sandbox
	DYN_URL ?= http://127.0.0.1:$port
	DYN_LOGIN_URL ?= http://127.0.0.1:$port
	DYN_TENANT ?= sandbox
	DYN_CLIENT_ID ?= sandbox
	NAMESPACE ?= sandbox
	ALLOW_REJECTS ?= any
	FALLBACK_OWNER ?= $(jq -r 'select(.isCurrentUser) | .email' "$fixtures/demo/user.ndjson")
	E
	mkdir -p m/intake
	ln -s "$fixtures/demo/deal_product.ndjson" m/intake
}

@test "each opportunity of a bound pipeline has its instance at its stage, those of closed deals finished, and nothing else has one" {
	stand_ins
	cat >m/maps/processes.csv <<-'E'
	pipeline,stage,process,processstage
	Sales,New (Untouched),Sales flow,Untouched
	Sales,Contacted,Sales flow,Contacted
	Sales,Qualified,Sales flow,Qualified
	Sales,Proposal Presented,Sales flow,Proposal
	Sales,In Negotiation,Sales flow,Deal
	Refit Projects,Survey,Opportunity Sales Process,Qualify
	Refit Projects,Engineering,Opportunity Sales Process,Develop
	Refit Projects,Yard Slot Held,Opportunity Sales Process,Propose
	Refit Projects,Contract Review,Opportunity Sales Process,Close
	E
	make -C m confirm >log 2>&1 && make -C m >>log 2>&1 || { tail -n 60 log; false; }
	cd m
	[ "$(jq -c '[.source, .created + .rejected, .balanced, .unexpected_rows]' data/process/60-verified.ndjson)" = '[160,160,true,0]' ]
	[ ! -e handoff/process-1-sales.md ]
	# what each deal says against what the target shows, stage and path by name
	jq -r 'select(.sm_salesmate_id) | [._activestageid_value, .traversedpath, .sm_salesmate_id] | @tsv' data/process/55-read.ndjson | sort -k3 >have
	jq -r '[.processstageid, .stagename] | @tsv' data/target/processstage.ndjson >names
	awk -F'\t' 'NR == FNR { name[$1] = $2; next } { n = split($2, p, ","); for (i = 1; i <= n; i++) printf "%s%s", name[p[i]], i < n ? "," : ""; print "\t" $3 }' names have | sort >paths
	jq -r '(["New (Untouched)", "Contacted", "Qualified", "Proposal Presented", "In Negotiation"]) as $s | ["Untouched", "Contacted", "Qualified", "Proposal", "Deal"] as $sp
		| ["Survey", "Engineering", "Yard Slot Held", "Contract Review"] as $r | ["Qualify", "Develop", "Propose", "Close"] as $rp
		| . as $d | (if .pipeline == "Sales" then $sp[:($s | index($d.stage)) + 1] else $rp[:($r | index($d.stage) // -1) + 1] end)
		| "\(join(","))\t\($d.id)"' data/source/deal/10-extracted.ndjson | grep -vE "	($(jq -r .id data/opportunity/40-mapped.rejects.ndjson | paste -sd '|'))$" | sort >want
	[ -s want ]
	diff want paths
	# finished, each in the state that goes with it there
	[ "$(jq -r '"\(.statecode) \(.statuscode)"' data/process-1-done/55-read.ndjson | sort -u | paste -sd ' ')" = '0 1 0 2' ]
	[ "$(jq -r '"\(.statecode) \(.statuscode)"' data/process-2-done/55-read.ndjson | sort -u | paste -sd ' ')" = '0 1 1 2' ]
	[ "$(cat data/process-[12]-done/55-read.ndjson | jq 'select(.statuscode == 2)' -c | wc -l)" = \
		"$(jq -s 'map(select(.statecode != 0)) | length' data/close/55-read.ndjson)" ]
}

@test "a flow that the platform started by itself stops the chain before anything is closed" {
	stand_ins
	printf 'pipeline,stage,process,processstage\n' >m/maps/processes.csv
	make -C m target >log 2>&1 || { tail -n 60 log; false; }
	sed -i '/^processid,/d' m/maps/opportunity.csv
	make -C m confirm >log 2>&1
	run make -C m
	[ "$status" -ne 0 ]
	grep -q 'process: the books do not balance' <<<"$output"
	[ "$(jq .unexpected_rows m/data/process/60-verified.ndjson)" = 156 ]
	[ ! -e m/data/close/50-loaded.ndjson ]
}

@test "what is wrong with the binding is said before anything is loaded" {
	stand_ins
	printf 'pipeline,stage,process,processstage\nSales,Qualified,Sales flow,Qualified\n' >m/maps/processes.csv
	run make -C m target
	[ "$status" -ne 0 ]
	grep -q 'stage "Contacted" of pipeline "Sales" is bound to no stage of the process' <<<"$output"
	[ ! -e m/data/target/processes.ndjson ]
}
