"""A first export: python3 example.py HOST:PORT OUT.csv

needs grpcio, protobuf and the messages that
`protoc --python_out=DIR -I api api/exporttask.proto` makes, with DIR on PYTHONPATH
"""
import hashlib
import sys

import grpc
import exporttask_pb2 as pb

address, out = sys.argv[1:]
channel = grpc.insecure_channel(address)


def method(name, stream=False):
    """One RPC, by the names of its messages."""
    make = channel.unary_stream if stream else channel.unary_unary
    return make("/exporttask.ExportTask/" + name,
                request_serializer=getattr(pb, "WshExportTask%sReq" % name).SerializeToString,
                response_deserializer=getattr(pb, "WshExportTask%sRes" % name).FromString)


def data(reply):
    if reply.errCode:
        sys.exit(reply.errMsg)
    return reply.data


tpl = data(method("CreateTpl")(pb.WshExportTaskCreateTplReq(etplName="python", etplExpr="select 'python' as name")))
inst = data(method("CreateInst")(pb.WshExportTaskCreateInstReq(etplId=tpl.etplId)))
for change in method("WatchInst", stream=True)(pb.WshExportTaskWatchInstReq(einstId=inst.einstId)):
    inst = data(change)
if inst.status != pb.INST_FINISH:
    sys.exit(inst.errMsg)

digest = hashlib.sha256()
with open(out, "wb") as f:
    for reply in method("DownloadInst", stream=True)(pb.WshExportTaskDownloadInstReq(einstId=inst.einstId)):
        chunk = data(reply)
        digest.update(chunk.content)
        f.write(chunk.content)
if digest.hexdigest() != inst.files[0].sha256:
    sys.exit("wrong SHA-256")
print("%d rows, SHA-256 %s" % (inst.files[0].rows, digest.hexdigest()))
