#!/usr/bin/env bash
# Regenerates test/onnx_pb.ts, which tests compare our encoding with, from proto/onnx.proto. Needs protoc (Debian: protobuf-compiler) and `npm install`.
set -euo pipefail
cd "$(dirname "$0")/.."
protoc --plugin=protoc-gen-es=../../node_modules/.bin/protoc-gen-es \
  --es_out=test --es_opt=target=ts --proto_path=proto onnx.proto
