// A first export with a client that is generated from /openapi.json:
//   npx swagger-typescript-api -p http://HOST:PORT/openapi.json -o . -n client.ts --js
//   mv client.js client.mjs
//   node example.mjs ./client.mjs http://HOST:PORT OUT.csv
import crypto from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [generated, baseUrl, out] = process.argv.slice(2)
const { Api } = await import(pathToFileURL(path.resolve(generated)))
const { v1 } = new Api({ baseUrl })

const tpl = await v1.exportTaskCreateTpl({ etplName: 'openapi', etplExpr: "select 'openapi' as name" })
const created = await v1.exportTaskCreateInst({ etplId: tpl.data.data.etplId })
const einstId = created.data.data.einstId

// One line of JSON for each change, until the instance has ended.
const changes = await v1.exportTaskWatchInst(einstId, { format: 'text' })
const lines = changes.data.trim().split('\n').map(line => JSON.parse(line))
const inst = lines.at(-1)
if (inst.status !== 'INST_FINISH') throw new Error(inst.errMsg)

const file = await v1.exportTaskDownloadInst(einstId, {}, { format: 'arrayBuffer' })
const bytes = Buffer.from(file.data)
const sha256 = crypto.createHash('sha256').update(bytes).digest('hex')
if (sha256 !== inst.files[0].sha256) throw new Error('wrong SHA-256')
fs.writeFileSync(out, bytes)
console.log(`${inst.files[0].rows} rows, SHA-256 ${sha256}`)

// An error is an object with errCode and errMsg.
const refused = await v1.exportTaskGetInst('999').catch(reply => reply)
if (refused.error?.errCode !== '5') throw new Error(`got ${JSON.stringify(refused.error)}, want errCode 5`)
