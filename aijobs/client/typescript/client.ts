/**
 * The client of AI Jobs for TypeScript: every path, parameter, body and answer has the types of the service's schema,
 * from which `npm run generate` makes schema.d.ts. Copy this folder into your project.
 */
import createClient, { type Client } from "openapi-fetch"
import type { components, paths } from "./schema.d.ts"

export type AiJobs = Client<paths>
export type Job = components["schemas"]["JobView"]

export type JobQuery = NonNullable<paths["/api/ai-jobs"]["get"]["parameters"]["query"]>

export interface Access {
  /** Of the service, without /api. */
  baseUrl: string
  apiKey: string
  /** For a key of several tenants. */
  tenant?: string
}

/** The service refused: its code, its message and the HTTP status. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(`${message} (${code}, HTTP ${status})`)
    this.status = status
    this.code = code
  }
}

export function aiJobs({ baseUrl, apiKey, tenant }: Access): AiJobs {
  const headers: Record<string, string> = { Authorization: `Bearer ${apiKey}` }
  if (tenant !== undefined) headers["X-Tenant-ID"] = tenant
  return createClient<paths>({ baseUrl, headers, querySerializer })
}

/** Several values of a filter are separated by commas; tags, which may have commas, are repeated. */
function querySerializer(query: Record<string, unknown>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => {
    if (value === undefined || value === null) return []
    if (name === "tag" && Array.isArray(value)) return value.map((tag) => [name, String(tag)])
    return [[name, Array.isArray(value) ? value.join(",") : String(value)]]
  })
  return new URLSearchParams(pairs).toString()
}

/** Dispatch a job. The key makes it one job, however often this is sent. */
export async function dispatch(
  client: AiJobs,
  body: components["schemas"]["JobRequest"],
  idempotencyKey: string = crypto.randomUUID(),
): Promise<Job> {
  const { data, error, response } = await client.POST("/api/ai-jobs", {
    params: { header: { "Idempotency-Key": idempotencyKey } },
    body,
  })
  if (data === undefined) throw refusal(response, error)
  // What is only validated has no ID; this asks for no such answer.
  if (!("id" in data.data)) throw new Error("The service has not dispatched the job.")
  return data.data
}

/** The job once it has ended: asked for as often as the service says. */
export async function waitForJob(client: AiJobs, jobId: string, timeoutMs = 300_000): Promise<Job> {
  // An empty text would be the address of all jobs.
  if (!/^job_[A-Za-z0-9]+$/.test(jobId)) throw new TypeError(`'${jobId}' is not the ID of a job, which begins with job_.`)
  const until = Date.now() + timeoutMs
  while (Date.now() < until) {
    const { data, error, response } = await client.GET("/api/ai-jobs/{job_id}", {
      params: { path: { job_id: jobId } },
    })
    if (data === undefined) throw refusal(response, error)
    if (data.data.status !== "queued" && data.data.status !== "running") return data.data
    const seconds = Number(response.headers.get("Retry-After") ?? 2)
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  }
  throw new Error(`${jobId} has not ended within ${timeoutMs / 1000} s.`)
}

/** All jobs that match, newest first; pages are fetched as they are needed. */
export async function* listJobs(client: AiJobs, query: JobQuery = {}): AsyncGenerator<Job> {
  let cursor: string | null | undefined = query.cursor
  do {
    const page = await listPage(client, { ...query, ...(cursor ? { cursor } : {}) })
    yield* page.data
    cursor = page.pagination.next_cursor
  } while (cursor)
}

async function listPage(client: AiJobs, query: JobQuery): Promise<components["schemas"]["JobList"]> {
  const { data, error, response } = await client.GET("/api/ai-jobs", { params: { query } })
  if (data === undefined) throw refusal(response, error)
  return data
}

function refusal(response: Response, answer: components["schemas"]["ErrorAnswer"] | undefined): ApiError {
  const error = answer?.error
  return new ApiError(
    response.status,
    error?.code ?? "UNEXPECTED_ANSWER",
    error?.message ?? `The server answered ${response.statusText || "nothing"}.`,
  )
}
