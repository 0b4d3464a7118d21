# Images of placecard: `docker build --target placecard .` is the linter, `--target placecard-webhook`
# the webhook. Nothing is in them but the binary, and it does not run as root.
FROM rust:1-alpine AS build
# ring is partly in C and assembly.
RUN apk add --no-cache build-base
WORKDIR /src
COPY . .
# On Alpine binaries are static.
RUN cargo build --locked --release --package placecard-lint --package placecard-webhook

FROM scratch AS placecard-webhook
COPY --from=build /src/target/release/placecard-webhook /usr/local/bin/placecard-webhook
ENV PATH=/usr/local/bin
USER 65532:65532
ENTRYPOINT ["placecard-webhook"]

# The last one is what `docker build` makes without --target, and what pre-commit runs.
FROM scratch AS placecard
COPY --from=build /src/target/release/placecard /usr/local/bin/placecard
ENV PATH=/usr/local/bin
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["placecard"]
CMD ["--help"]
