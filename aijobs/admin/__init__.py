"""The staff's view: tenants and keys to manage, the lifecycle's rows to read; actions call what the API calls."""

import aijobs.admin.audit
import aijobs.admin.batches
import aijobs.admin.bulk
import aijobs.admin.events
import aijobs.admin.idempotency
import aijobs.admin.jobs
import aijobs.admin.keys
import aijobs.admin.periodic_tasks
import aijobs.admin.schedules
import aijobs.admin.statistics
import aijobs.admin.tenants
import aijobs.admin.usage
import aijobs.admin.webhooks
import aijobs.admin.workers  # noqa: F401
