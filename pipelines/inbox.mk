# The team inbox (intake/team_inbox_conversation, intake/team_inbox_message): a conversation is a row of a table of our own,
# each of its messages an e-mail regarding it.
CONVERSATION = data/source/team_inbox_conversation/10-extracted.ndjson
MESSAGE = data/source/team_inbox_message/10-extracted.ndjson
OWNED += $(CONVERSATION)

OBJECTS += thread
TABLE_thread = sm_team_inbox_thread
MODULE_thread = team_inbox_conversation
SOURCE_thread = data/thread/22-joined.ndjson
TIME_thread = createdAt
IDS_thread = thread opportunity contact lead owner
LOST_thread = team_inbox_conversation:thread deal:opportunity contact:contact contact:lead contact:undecided
VERIFY_thread = --complete

# Who took part, how many messages there are, the first and the last: made from the messages, which say it best.
data/thread/participants.ndjson: data/message/25-ordered.ndjson
	@mkdir -p $(@D)
	@jq -r -f $(SMDYN)/pipelines/inbox-people.jq $< >$@.lines.tmp
	@LC_ALL=C sort -s -t "$$(printf '\t')" -k 1,1 -o $@.lines.tmp $@.lines.tmp
	@jq -n -R -c -f $(SMDYN)/pipelines/inbox.jq $@.lines.tmp >$@.tmp
	@rm $@.lines.tmp
	@mv -f $@.tmp $@

JOINED = data/thread/22-loose.ndjson data/thread/22-joined.ndjson
$(JOINED) &: $(CONVERSATION) data/thread/participants.ndjson
	$(say)join-records --with data/thread/participants.ndjson --on conversationId --as messages --loose data/thread/22-loose.ndjson.tmp \
		<$< >data/thread/22-joined.ndjson.tmp
	$(call place,$(JOINED))

# Conversations that declare another number of messages than there are: loaded all the same, and said here.
data/thread/count-differs.csv: data/thread/22-joined.ndjson
	@jq -r -n -f $(SMDYN)/pipelines/inbox-counts.jq $< >$@.tmp
	@mv -f $@.tmp $@
	@n=$$(($$(wc -l <$@) - 1)); [ $$n -le 0 ] || echo "thread: $$n conversations declare another number of messages than there are: $@"
data/thread/gate: | data/thread/count-differs.csv

# A message belongs to whom its conversation belongs to, and is about the same person: looked up by the conversation's id.
data/inbox/ids.ndjson: data/thread/30-resolved.ndjson
	@mkdir -p $(@D)
	@jq -c -f $(SMDYN)/pipelines/inbox-ids.jq $< >$@.tmp
	@mv -f $@.tmp $@

OBJECTS += message
TABLE_message = email
MODULE_message = team_inbox_message
SOURCE_message = data/message/20-split.ndjson
TIME_message = sentAt
GROUP_message = conversationId
IDS_message = message thread inbox owner address
LOST_message = team_inbox_message:message team_inbox_conversation:thread
VERIFY_message = --complete
PARTIES_message = yes
