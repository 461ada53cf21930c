using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>Whatever is declared and whatever services answer: a composition ends, within its bounds, with JSON.</summary>
public sealed class ComposeProperties
{
    static readonly Gen<string> Text = Gen.Elements(
        "", "a", "/", "..", "{{", "{a}", "{b.x.0}", "{s.body.x}", "{s.status}", "{request.body.x}", "{request.query.q}", "{id}", "{rest}", "}", "{", "{nowhere}", "é%2e", "?q=").ListOf(3).Select(string.Concat);

    static readonly Gen<string> Content = Gen.Elements(
        "", "null", "1e999", "\"\\ud800\"", "\"..\"", "{\"x\":[1,2]}", "{\"\\ud800\":1,\"x\":\"\\udc00\"}", "{\"x\":{\"x\":[]}}", "[", "<html>", "{\"x\":1}{", new string('[', 200),
        $"\"{new string('x', 400_000)}\"", $"\"{new string('x', 1_100_000)}\"");

    static readonly Gen<ComposeCall> Call =
        from path in Text
        from body in Text
        from isOptional in Gen.Elements(true, false)
        select new ComposeCall
        {
            To = "s",
            Path = "/" + path,
            Body = new FreeValue(JsonSerializer.SerializeToElement(new { a = body, b = new[] { body, "{a}{a}{a}{a}" } })),
            Default = isOptional ? FreeValue.Parse("{}") : null,
        };

    static readonly Gen<ComposeSpec> Spec =
        from calls in Call.ArrayOf(3)
        from answer in Text
        from condition in Gen.Elements(null, "{a.status} == 200", "{a.body} exists", "{b.body.x} > 1 and {a.body.x} != {b.body}", "nonsense")
        from sequence in Gen.Elements(true, false)
        let shape = new ComposeAnswer { Body = new FreeValue(JsonSerializer.SerializeToElement(new { text = answer, whole = "{a}", more = "{b}", again = "{a} {a}" })) }
        select sequence
            ? new ComposeSpec { Steps = [.. calls.Select((c, i) => new ComposeStep { Name = $"{(char)('a' + i)}", Call = c, When = condition, Else = i == 2 ? shape : null })], Answer = shape, MarkPartial = true }
            : new ComposeSpec { Parts = calls.Index().ToDictionary(c => $"{(char)('a' + c.Index)}", c => c.Item), Answer = shape, MarkPartial = true };

    [Fact]
    public void Every_composition_ends_within_its_bounds_with_JSON() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(Spec.ToArbitrary(), Content.ArrayOf(6).ToArbitrary(), Gen.Choose(200, 204).ToArbitrary(), (spec, contents, status) =>
        {
            var facts = new ComposeFacts(new(
                "GET", "/x", "q=%41&q=+&%", new Dictionary<string, PathVariable> { ["id"] = new("a/b"), ["rest"] = new("a/b", "a/b") }, JsonDocument.Parse("{\"x\":[]}").RootElement));
            var plan = new ComposePlan(spec);
            var run = new ComposeRun(plan, facts);
            var calls = new Queue<int>();
            for (var turns = 0; ; turns++)
            {
                turns.ShouldBeLessThan(20);
                var move = run.Next();
                if (move.Body is { } body)
                {
                    body.Length.ShouldBeLessThanOrEqualTo(ComposeRun.MostBytes + 100);
                    JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 128 }).Dispose();
                }

                if (move.Verdict is ComposeVerdict.Answer or ComposeVerdict.Fail) break;
                if (move.Verdict == ComposeVerdict.Call)
                {
                    move.Target.ShouldStartWith("/");
                    move.Target.Length.ShouldBeLessThanOrEqualTo(8 * 1024);
                    move.Target.Split('?')[0].Split('/').ShouldNotContain("..");
                    calls.Enqueue(move.Call);
                    continue;
                }

                run.Take(calls.Dequeue(), new(status, true, Encoding.UTF8.GetBytes(contents[turns % contents.Length])));
            }
        }));

    [Fact]
    public void Whatever_is_written_is_read_or_refused() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), Text.ListOf(3).Select(t => string.Join(" == ", t)).ToArbitrary(), (any, made) =>
        {
            foreach (var text in new[] { any.Get, made })
            {
                var (read, wrong) = JsonText.Read(text);
                (read is null).ShouldBe(wrong is not null);
                var (condition, problem) = ComposeCondition.Read(text);
                (condition is null).ShouldBe(problem is not null);
                new ComposeSpec { Steps = [new() { Name = text, When = text, Call = new() { To = "s", Path = text, Body = new(JsonSerializer.SerializeToElement(text)) } }] }.Validate(["id"]).ShouldNotBeEmpty();
            }
        }));
}
