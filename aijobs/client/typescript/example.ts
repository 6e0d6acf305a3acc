/** How the client is used; CI checks it against the schema, and that a mistake does not compile. */
import { aiJobs, dispatch, listJobs, waitForJob } from "./client.ts"

const client = aiJobs({ baseUrl: "http://127.0.0.1:8000", apiKey: "…" })

const job = await dispatch(client, {
  type: "pricing_recalculate",
  params: { skus: ["SKU-001", "SKU-002"], marketplace: "amazon_us", apply: false },
  priority: "high",
})
const ended = await waitForJob(client, job.id)
console.log(ended.status === "completed" ? ended.result : ended.error?.message)

for await (const failed of listJobs(client, { status: ["failed", "cancelled"] })) console.log(failed.id, failed.error?.code)

// @ts-expect-error: there is no such type
await dispatch(client, { type: "pricing_guess", params: { skus: ["SKU-001"], marketplace: "amazon_us" } })

// @ts-expect-error: a marketplace is missing
await dispatch(client, { type: "competitor_scan", params: { skus: ["SKU-001"] } })
