// A first export: NODE_PATH=... node example.js HOST:PORT PROTO OUT.csv
// needs @grpc/grpc-js and @grpc/proto-loader
const fs = require('fs')
const crypto = require('crypto')
const grpc = require('@grpc/grpc-js')
const loader = require('@grpc/proto-loader')

const [address, proto, out] = process.argv.slice(2)
// keepCase: the names are the proto's; longs as strings keep every digit.
const { exporttask } = grpc.loadPackageDefinition(loader.loadSync(proto, { keepCase: true, longs: String, enums: String, defaults: true }))
const client = new exporttask.ExportTask(address, grpc.credentials.createInsecure())

const call = (method, request) => new Promise((resolve, reject) =>
  client[method](request, (err, reply) => err ? reject(err) : reply.errCode ? reject(new Error(reply.errMsg)) : resolve(reply.data)))

async function main () {
  const tpl = await call('CreateTpl', { etplName: 'node', etplExpr: "select 'node' as name" })
  let inst = await call('CreateInst', { etplId: tpl.etplId })
  for await (const change of client.WatchInst({ einstId: inst.einstId })) inst = change.data
  if (inst.status !== 'INST_FINISH') throw new Error(inst.errMsg)

  const hash = crypto.createHash('sha256')
  const file = fs.createWriteStream(out)
  for await (const reply of client.DownloadInst({ einstId: inst.einstId })) {
    if (reply.errCode) throw new Error(reply.errMsg)
    hash.update(reply.data.content)
    file.write(reply.data.content)
  }
  await new Promise(resolve => file.end(resolve))
  const sha256 = hash.digest('hex')
  if (sha256 !== inst.files[0].sha256) throw new Error('wrong SHA-256')
  console.log(`${inst.files[0].rows} rows, SHA-256 ${sha256}`)
  client.close()
}

main().catch(err => { console.error(err); process.exit(1) })
