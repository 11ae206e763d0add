# etcd of the version that exportd is tested with, built from its Go module: no
# public image has this version under an unqualified name.
FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS build
ENV GOTOOLCHAIN=local
WORKDIR /src
COPY tools/go.mod tools/go.sum ./
ARG TARGETOS TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -o /out/etcd go.etcd.io/etcd/server/v3

FROM scratch
COPY --from=build /out/etcd /usr/local/bin/etcd
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/etcd"]
