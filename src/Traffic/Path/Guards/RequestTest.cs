using System.Text;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path.Guards;

/// <summary>What one header or query parameter must be like. It may be there once: of two values a service may see the other one.</summary>
internal sealed class RequestTest
{
    private readonly Conditions condition;
    private readonly ValueTest test;
    private readonly byte[] name;

    private RequestTest(string where, string name, string text)
    {
        Where = where;
        Name = name;
        this.name = Encoding.UTF8.GetBytes(name);
        test = ValueTest.Of(text);
        var one = new Dictionary<string, string> { [name] = text };
        condition = (where == "header" ? Conditions.Of(one, null, null) : Conditions.Of(null, one, null))!;
    }

    /// <summary>Where it stands: <c>header</c> or <c>query</c>.</summary>
    public string Where { get; }

    public string Name { get; }

    public static IEnumerable<RequestTest> Of(string where, IReadOnlyDictionary<string, string>? tests) =>
        (tests ?? new Dictionary<string, string>()).OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => new RequestTest(where, one.Key, one.Value));

    public bool Fits(Exchange x)
    {
        var count = Count(x);
        if (count > 1) return false;
        return test.Kind switch
        {
            ValueTestKind.Absent => count == 0,
            ValueTestKind.Present => count == 1,
            _ => count == 1 && condition.Hold(new Ask(x.Request, x.HeadBytes, default)),
        };
    }

    /// <summary>What is wrong with it, for people; null where nothing is.</summary>
    public string? Misfit(Exchange x)
    {
        if (Fits(x)) return null;
        if (test.Kind != ValueTestKind.Absent && Count(x) is var count && count != 1) return count == 0 ? "is missing" : "is there more than once";
        return test.Kind switch
        {
            ValueTestKind.Absent => "must not be there",
            ValueTestKind.Pattern => $"must match {test.Text}",
            _ => $"must be {test.Text}",
        };
    }

    private int Count(Exchange x)
    {
        var head = x.HeadBytes;
        var count = 0;
        if (Where == "header")
        {
            var at = 0;
            while (x.Request.Next(head, ref at, name, out _)) count++;
            return count;
        }
        var pairs = new Pairs(new Ask(x.Request, head, default).Query, (byte)'&');
        while (pairs.MoveNext())
        {
            if (Percent.Equals(pairs.Name, name)) count++;
        }
        return count;
    }
}
