# E-mails and messages were created as drafts: now they become what they were, sent or received.
$(eval $(call done,email,email))
$(eval $(call done,message,team_inbox_message))
