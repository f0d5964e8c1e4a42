/*
 * batch - what the parts of a $batch share with the rest
 */
#ifndef BATCH_H
#define BATCH_H

struct request;

void batch_made(struct request *r, const char *url);	/* what this operation made or changed: "accounts(<guid>)", for $n */

#endif
