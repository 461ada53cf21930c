using Google.Protobuf;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Otlp;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Ingest;

/// <summary>What is written anew says what was read.</summary>
public sealed class OtlpCopyTests
{
    delegate DecodeResult Decoder<T>(ReadOnlySpan<byte> body, DecodeScratch scratch, T sink);

    [Fact]
    public void Spans() => Same(s => new OtlpSamples(s).Traces(), (b, c, w) => OtlpTraces.Read(b, c, w), (b, c, w) => OtlpTraces.ReadJson(b, c, w), (b, c, w) => OtlpTraces.Read(b, c, w), (b, c, w) => OtlpTraces.ReadJson(b, c, w));

    [Fact]
    public void Points() => Same(s => new OtlpSamples(s).Metrics(), (b, c, w) => OtlpMetrics.Read(b, c, w), (b, c, w) => OtlpMetrics.ReadJson(b, c, w), (b, c, w) => OtlpMetrics.Read(b, c, w), (b, c, w) => OtlpMetrics.ReadJson(b, c, w));

    [Fact]
    public void Records() => Same(s => new OtlpSamples(s).Logs(), (b, c, w) => OtlpLogs.Read(b, c, w), (b, c, w) => OtlpLogs.ReadJson(b, c, w), (b, c, w) => OtlpLogs.Read(b, c, w), (b, c, w) => OtlpLogs.ReadJson(b, c, w));

    static void Same(Func<int, IMessage> sample, Decoder<Written> read, Decoder<Written> readJson, Decoder<OtlpCopy> copy, Decoder<OtlpCopy> copyJson)
    {
        var (scratch, copier) = (new DecodeScratch(), new OtlpCopy());
        for (var seed = 0; seed < 60; seed++)
        {
            var message = sample(seed);
            copy(message.ToByteArray(), scratch, copier);
            Text(read, copier.Take()).ShouldBe(Text(read, message.ToByteArray()), $"seed {seed}");
            copyJson(OtlpOracle.Json(message), scratch, copier);
            Text(read, copier.Take()).ShouldBe(Text(readJson, OtlpOracle.Json(message)), $"seed {seed}, from JSON");
        }

        copier.Take().ShouldBeEmpty();

        // Lists and maps are kept, and sent on, as the JSON that they say.
        string Text(Decoder<Written> how, byte[] body)
        {
            var sink = new Written();
            how(body, scratch, sink).ShouldSatisfyAllConditions(r => r.IsRead.ShouldBeTrue(), r => r.Refused.ShouldBe(0));
            return sink.ToString().Replace("Json:", "Text:", StringComparison.Ordinal).Replace("Json ", "Text ", StringComparison.Ordinal);
        }
    }
}
