/** Nothing but `R2.put` of a body and `R2.get` of a range. */
export default {
  async fetch(request, env) {
    const key = new URL(request.url).pathname.slice(1)
    if (request.method === 'PUT') {
      await env.BUCKET.put(key, request.body)
      return new Response(null, { status: 204 })
    }
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get('range') ?? '')
    if (!range) return new Response(null, { status: 400 })
    const [start, end] = [Number(range[1]), Number(range[2])]
    const stored = await env.BUCKET.get(key, { range: { offset: start, length: end - start + 1 } })
    if (!stored) return new Response(null, { status: 404 })
    const headers = {
      'content-range': `bytes ${start}-${end}/${stored.size}`,
      'content-length': String(end - start + 1),
    }
    return new Response(stored.body, { status: 206, headers })
  },
}
