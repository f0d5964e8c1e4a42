# What came with e-mails and messages of the team inbox: attachments, and images inside their text.
EMAIL_SPLIT = data/attachment/email.ndjson data/email/20-split.ndjson
$(EMAIL_SPLIT) &: data/source/email/10-extracted.ndjson data/target/limits.json
	$(call files,$(word 1,$(EMAIL_SPLIT)),$(word 2,$(EMAIL_SPLIT)),--module email --html bodyHtml,$<)

MESSAGE_SPLIT = data/attachment/message.ndjson data/message/20-split.ndjson
$(MESSAGE_SPLIT) &: data/source/team_inbox_message/10-extracted.ndjson data/target/limits.json
	$(call files,$(word 1,$(MESSAGE_SPLIT)),$(word 2,$(MESSAGE_SPLIT)),--module message --html bodyHtml,$<)

ATTACHMENT_PARTS = data/attachment/email.ndjson data/attachment/message.ndjson
data/attachment/20-split.ndjson: $(ATTACHMENT_PARTS)
	@cat $(ATTACHMENT_PARTS) >$@.tmp
	@cat $(call rejects,$(ATTACHMENT_PARTS)) >$(call rejects,$@).tmp
	$(call place,$(call rejects,$@) $@)

ifneq ($(filter email message,$(OBJECTS)),)
OBJECTS += attachment
endif
TABLE_attachment = activitymimeattachment
MODULE_attachment = attachment
SOURCE_attachment = data/attachment/20-split.ndjson
TIME_attachment = createAt
IDS_attachment = attachment $(filter email message,$(OBJECTS))
LOST_attachment = $(patsubst email,email:email,$(patsubst message,team_inbox_message:message,$(filter email message,$(OBJECTS))))
HASH_attachment = body
COLUMNS_attachment = objectid,objecttypecode,filename,mimetype,subject
VERIFY_attachment = --source data/attachment/20-split.rejects.ndjson --set-aside data/attachment/20-split
