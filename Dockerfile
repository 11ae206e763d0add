# The image of exportd, with exportctl beside it: two static programs, the
# certificates of the public authorities, and nothing else. No shell, no package
# manager, no root.
#
#   docker build --build-arg VERSION=1.2.3 -t exportd:1.2.3 .

# The builder runs on the architecture of the build machine and compiles for that
# of the image. Only the certificates of its distribution are copied to the image.
FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS build
# Use the toolchain of this image, never a downloaded one.
ENV GOTOOLCHAIN=local
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
# As `make build`, without cgo and the names of folders. `exportd version` prints
# VERSION, and the commit and date of .git, which is part of the context.
ARG VERSION
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags "$(scripts/version-flags)" -o /out/ ./cmd/exportd ./cmd/exportctl
RUN mkdir /out/store

FROM scratch
# Authorities for TLS to data sources, etcd and others. Time zones are compiled into
# the programs.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/exportd /out/exportctl /usr/local/bin/
# The owner of the folder is the owner of a new volume.
COPY --from=build --chown=65532:65532 /out/store /var/lib/exportd
# A numeric id, so that an orchestrator can verify that it is not root.
USER 65532:65532
# These take precedence over a YAML file. exportd refuses to listen on all addresses
# without tokens and TLS.
ENV EXPORTD_GRPC_ADDR=:50051 \
    EXPORTD_HTTP_ADDR=:50052 \
    EXPORTD_STORE_DIR=/var/lib/exportd
EXPOSE 50051 50052
VOLUME /var/lib/exportd
# No HEALTHCHECK, which would need a program in the image that sends requests.
# Orchestrators use GET /healthz and GET /readyz on the HTTP port.
ENTRYPOINT ["/usr/local/bin/exportd"]
# Last, because the version changes with every build.
ARG VERSION=unversioned
LABEL org.opencontainers.image.title="exportd" \
      org.opencontainers.image.description="Turns saved SQL into CSV, XLS and XLSX files" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
