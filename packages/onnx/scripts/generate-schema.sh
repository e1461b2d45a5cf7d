#!/usr/bin/env bash
# Regenerates src/onnx_pb.ts from proto/onnx.proto. Needs protoc (Debian: protobuf-compiler) and `npm install`.
set -euo pipefail
cd "$(dirname "$0")/.."
protoc --plugin=protoc-gen-es=../../node_modules/.bin/protoc-gen-es \
  --es_out=src --es_opt=target=ts --proto_path=proto onnx.proto
