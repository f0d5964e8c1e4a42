# csv-ndjson, order-records and join-records against Miller and jq; read by bench.sh, which has timed and against.

# Exports of e-mails: a cell with a comma, one with quotes, one with a line end, Norse letters.
make_csv() {
	awk -v n="$records" 'BEGIN { print "Id,Subject,From Email,Sent At,Body"; for (i = 1; i <= n; i++)
		printf "%d,\"Kai, slip and %d\",ines%d@kestrel.example,%d,\"He said \"\"aye\"\" to\nBjørn %d\"\n", i, i, i % 977, 1700000000 - i * 7919 % 400000000, i }' >mail.csv
	printf '%s\n' label,field Id,id Subject,subject 'From Email,fromEmail' 'Sent At,sentAt' Body,bodyHtml >mail.labels
}
ours_csv() { timed ours "${out:-/dev/null}" csv-ndjson --map mail.labels; }
mlr_csv() { timed theirs "${out:-/dev/null}" mlr -S --icsv --ojsonl rename Id,id,Subject,subject,From\ Email,fromEmail,Sent\ At,sentAt,Body,bodyHtml; }

ours_order() { timed ours "${out:-/dev/null}" order-records --time sentAt; }
mlr_order() { timed theirs "${out:-/dev/null}" mlr --ijsonl --ojsonl sort -nf sentAt; }

ours_join() { timed ours "${out:-/dev/null}" join-records --with calls.ndjson --on activityId --as call --loose loose.ndjson; }
jq_join() {
	timed theirs "${out:-/dev/null}" jq -c --slurpfile call calls.index '. as $r | $call[0][$r.id | tostring] as $c | if $c then . + {call: $c} else . end'
}

# same FIELDS: both outputs are there; as many lines, and what is picked is the same.
same() {
	jq -cS "$1" ours.ndjson >a
	jq -cS "$1" theirs.ndjson >b
	cmp a b && [ "$(wc -l <a)" -gt 0 ] && echo "  outputs agree ($(wc -l <a) records, by value)"
}

make_csv
if command -v mlr >/dev/null; then
	in=mail.csv against ours_csv mlr_csv "csv-ndjson, $(mlr --version)"
	in=mail.csv out=ours.ndjson ours_csv
	in=mail.csv out=theirs.ndjson mlr_csv
	same 'map_values(tostring)'
	mv ours.ndjson mail.ndjson
	in=mail.ndjson against ours_order mlr_order "order-records, $(mlr --version)"
	in=mail.ndjson out=ours.ndjson ours_order
	in=mail.ndjson out=theirs.ndjson mlr_order
	same '.sentAt | tostring'
fi
awk -v n="$((records / 4))" 'BEGIN { for (i = 1; i <= n; i++) printf "{\"id\":%d,\"activityId\":%d,\"durationSeconds\":%d,\"direction\":\"Inbound\"}\n", i, i * 4, i % 900 }' >calls.ndjson
sed 's/^{"id":[0-9]*,"activityId":\([0-9]*\),.*/"\1":&/' calls.ndjson | paste -sd, | sed 's/^/{/; s/$/}/' >calls.index
against ours_join jq_join "join-records, $(jq --version)"
out=ours.ndjson ours_join
out=theirs.ndjson jq_join
same '[.id, .call]'
