using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mainstay.Traffic.Path.Http2;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Http2;

/// <summary>RFC 7541, with the examples of its appendix C.</summary>
public sealed class HpackTests
{
    [Theory]
    [InlineData("0a637573746f6d2d6b65790d637573746f6d2d686561646572", "40", "custom-key: custom-header")]
    [InlineData("0c2f73616d706c652f70617468", "04", ":path: /sample/path")]
    [InlineData("0870617373776f726406736563726574", "10", "password: secret")]
    [InlineData("82", "", ":method: GET")]
    public void One_field_is_read_as_the_standard_shows(string rest, string first, string field) =>
        Read(new HpackDecoder(4096), first + rest).ShouldBe([field]);

    [Theory]
    [InlineData("828684410f7777772e6578616d706c652e636f6d", "828684be58086e6f2d6361636865", "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565")]
    [InlineData("828684418cf1e3c2e5f23a6ba0ab90f4ff", "828684be5886a8eb10649cbf", "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf")]
    public void Requests_follow_each_other_as_in_C3_and_C4(string one, string two, string three)
    {
        var decoder = new HpackDecoder(4096);
        Read(decoder, one).ShouldBe([":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"]);
        Read(decoder, two).ShouldBe([":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"]);
        Read(decoder, three).ShouldBe([":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com", "custom-key: custom-value"]);
    }

    [Fact]
    public void Responses_evict_as_in_C6()
    {
        var decoder = new HpackDecoder(256);
        Read(decoder, "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3")
            .ShouldBe([":status: 302", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:21 GMT", "location: https://www.example.com"]);
        Read(decoder, "4883640effc1c0bf")
            .ShouldBe([":status: 307", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:21 GMT", "location: https://www.example.com"]);
        Read(decoder, "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007")
            .ShouldBe(
            [
                ":status: 200", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:22 GMT", "location: https://www.example.com", "content-encoding: gzip",
                "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
            ]);
    }

    [Theory]
    [InlineData("80", "the index 0")]
    [InlineData("be", "an index beyond the table")]
    [InlineData("3fe21f", "a table larger than we said")]
    [InlineData("8220", "a table's size behind a field")]
    [InlineData("00", "a name that is missing")]
    [InlineData("000161", "a value that is missing")]
    [InlineData("00016105", "a value that is cut")]
    [InlineData("ffffffffff7f", "a number beyond 28 bits")]
    [InlineData("ff8080808000", "a number that goes on for ever")]
    [InlineData("0001618100", "padding of zeros")]
    [InlineData("00016182ffff", "padding of more than seven bits")]
    [InlineData("00016184ffffffff", "the end's code")]
    public void What_is_malformed_is_refused(string block, string what) => new HpackDecoder(4096).Decode(Convert.FromHexString(block), new Fields()).ShouldBeFalse(what);

    [Fact]
    public void A_table_may_be_made_smaller_and_larger_again_at_a_blocks_beginning()
    {
        var decoder = new HpackDecoder(4096);
        Read(decoder, "4001610162").ShouldBe(["a: b"]);
        Read(decoder, "be").ShouldBe(["a: b"]);
        Read(decoder, "203fe11f82").ShouldBe([":method: GET"]);
        decoder.Decode([0xBE], new Fields()).ShouldBeFalse();
    }

    [Fact]
    public void Every_text_survives_its_huffman_code() =>
        Prop.ForAll(Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf().ToArbitrary(), text =>
        {
            var encoded = new byte[Huffman.LengthOf(text)];
            Huffman.Encode(text, encoded);
            var decoded = new byte[encoded.Length * 8 / 5 + 1];
            var length = Huffman.Decode(encoded, decoded);
            return length == text.Length && decoded.AsSpan(0, length).SequenceEqual(text);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_is_encoded_is_decoded_block_after_block()
    {
        var random = new Random(5);
        string[] names = ["server", "content-type", "x-request-id", "set-cookie", "date", "x-other", "via", "cache-control", "content-length"];
        var (encoder, decoder) = (new HpackEncoder(), new HpackDecoder(4096));
        for (var blocks = 0; blocks < 2000; blocks++)
        {
            for (var resizes = random.Next(60) / 57; resizes >= 0 && random.Next(20) == 0; resizes--) encoder.Resize(random.Next(3) == 0 ? 0 : random.Next(8192));
            var into = new OutBuffer();
            var expected = new List<string>();
            encoder.Begin(into);
            encoder.Status(into, random.Next(2) == 0 ? 200 : 418);
            for (var count = random.Next(12); count > 0; count--)
            {
                var (name, value) = (names[random.Next(names.Length)], new string((char)random.Next(32, 127), random.Next(random.Next(2) == 0 ? 8 : 300)));
                expected.Add($"{name}: {value}");
                encoder.Field(into, Encoding.ASCII.GetBytes(name), Encoding.ASCII.GetBytes(value));
            }
            var fields = new Fields();
            decoder.Decode(into.Memory.Span, fields).ShouldBeTrue();
            fields.All.Skip(1).ShouldBe(expected);
            into.Clear();
        }
    }

    [Fact]
    public void Garbage_is_refused_or_read_but_never_breaks_anything()
    {
        foreach (var seed in FuzzTime.Seeds(first: 21).Take(200))
        {
            var random = new Random(seed);
            var decoder = new HpackDecoder(4096);
            for (var round = 0; round < 2000; round++)
            {
                var block = new byte[random.Next(64)];
                random.NextBytes(block);
                decoder.Decode(block, new Fields());
            }
        }
    }

    static List<string> Read(HpackDecoder decoder, string block)
    {
        var fields = new Fields();
        decoder.Decode(Convert.FromHexString(block), fields).ShouldBeTrue();
        return fields.All;
    }

    sealed class Fields : IFields
    {
        public List<string> All { get; } = [];

        public void Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => All.Add($"{Encoding.Latin1.GetString(name)}: {Encoding.Latin1.GetString(value)}");
    }
}
