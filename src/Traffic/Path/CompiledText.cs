using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>A text with variables, compiled: what comes of it for a request is written without allocating.</summary>
internal sealed class CompiledText
{
    private const int MostShort = 264;
    private readonly Part[] parts;
    private readonly int literals;
    private readonly int pathVariables;
    private readonly int shortVariables;

    private CompiledText(IEnumerable<Part> all)
    {
        parts = [.. Joined(all)];
        literals = parts.Sum(part => part.Literal?.Length ?? 0);
        pathVariables = parts.Count(part => part.Kind is Kind.Segment or Kind.Rest or Kind.Path or Kind.Query);
        shortVariables = parts.Count(part => part.Kind is Kind.Client or Kind.Host or Kind.RequestId);
    }

    private enum Kind
    {
        Literal,
        Segment,
        Rest,
        Path,
        Query,
        Host,
        Client,
        RequestId,
    }

    /// <summary>A text whose variables are those of a route's path, the request's and the route's.</summary>
    public static CompiledText Of(string text, PathTemplate? path, string route) =>
        new((TextTemplate.Read(text) ?? []).Select(part => part.IsVariable ? Variable(part.Text, path, route) : new Part(part.Text)));

    /// <summary>A path that has <paramref name="prefix"/> in place of the literal segments that a template begins with.</summary>
    public static CompiledText OfPrefix(string prefix, PathTemplate path) =>
        new([new Part(prefix.TrimEnd('/') + "/"), new Part(Kind.Rest, null, path.Segments.TakeWhile(segment => segment is not null).Count())]);

    /// <summary>Header lines, one after the other.</summary>
    public static CompiledText OfLines(IEnumerable<KeyValuePair<string, string>> headers, string route) =>
        new(headers.SelectMany(header => Of($"{header.Key}: ", null, route).parts
            .Concat(Of(header.Value, null, route).parts)
            .Append(new Part("\r\n"))));

    /// <summary>Room that it may take for a request of this path and query.</summary>
    public int Room(RequestHead request) => literals + pathVariables * 3 * (request.Target.Length + 1) + shortVariables * MostShort;

    /// <summary>Writes it. In values from the path runs of slashes become one, and none follows another.</summary>
    /// <param name="writer">Where to, with <see cref="Room"/> left.</param>
    /// <param name="x">The exchange.</param>
    /// <param name="escapes">Whether a backslash, which browsers take for a slash, is encoded.</param>
    public void Write(ref HeadWriter writer, Exchange x, bool escapes = false)
    {
        var behindPath = false;
        foreach (ref readonly var part in parts.AsSpan())
        {
            switch (part.Kind)
            {
                case Kind.Literal:
                    var isDoubled = behindPath && part.Literal is [(byte)'/', ..] && writer.EndsWithSlash;
                    writer.Add(isDoubled ? part.Literal.AsSpan(1) : part.Literal);
                    break;
                case Kind.Segment:
                    writer.AddPath(PathPieces.Segment(x.Request.Path.Of(x.HeadBytes), part.Index), escapes);
                    break;
                case Kind.Rest:
                    writer.AddPath(PathPieces.Rest(x.Request.Path.Of(x.HeadBytes), part.Index), escapes);
                    break;
                case Kind.Path:
                    writer.AddPath(x.Request.Path.Of(x.HeadBytes), escapes);
                    break;
                case Kind.Query:
                    writer.Add(PathPieces.Query(x.Request, x.HeadBytes));
                    break;
                default:
                    WriteShort(ref writer, x, part.Kind);
                    break;
            }
            behindPath = part.Kind is Kind.Segment or Kind.Rest or Kind.Path;
        }
    }

    /// <summary>One literal for those that follow each other.</summary>
    private static IEnumerable<Part> Joined(IEnumerable<Part> all)
    {
        byte[]? literal = null;
        foreach (var part in all)
        {
            if (part.Kind == Kind.Literal)
            {
                literal = [.. literal ?? [], .. part.Literal!];
                continue;
            }
            if (literal is not null) yield return new Part(Kind.Literal, literal);
            literal = null;
            yield return part;
        }
        if (literal is not null) yield return new Part(Kind.Literal, literal);
    }

    private static void WriteShort(ref HeadWriter writer, Exchange x, Kind kind)
    {
        Span<byte> room = stackalloc byte[MostShort];
        if (kind == Kind.RequestId) writer.Add(x.TakeRequestId());
        else if (kind == Kind.Client) WriteAddress(ref writer, x.ClientAddress);
        else writer.Add(room[..new Ask(x.Request, x.HeadBytes, default).HostInto(room)]);
    }

    private static void WriteAddress(ref HeadWriter writer, UInt128 address)
    {
        if (IpText.IsIPv4(address))
        {
            for (var shift = 24; shift >= 0; shift -= 8) writer.AddOctet((byte)((uint)address >> shift), isLast: shift == 0);
            return;
        }
        Span<byte> digits = stackalloc byte[4];
        for (var shift = 112; shift >= 0; shift -= 16)
        {
            Utf8Formatter.TryFormat((ushort)(address >> shift), digits, out var length, new StandardFormat('x'));
            writer.Add(digits[..length]);
            if (shift > 0) writer.Add(":"u8);
        }
    }

    private static Part Variable(string name, PathTemplate? path, string route)
    {
        for (var index = 0; index < (path?.Names.Count ?? 0); index++)
        {
            if (path!.Names[index] != name) continue;
            return new Part(path.TakesRest && index == path.Segments.Count ? Kind.Rest : Kind.Segment, null, index);
        }
        return name switch
        {
            "path" => new Part(Kind.Path),
            "query" => new Part(Kind.Query),
            "host" => new Part(Kind.Host),
            "client" => new Part(Kind.Client),
            "request-id" => new Part(Kind.RequestId),
            "route" => new Part(route),
            _ => new Part(""),
        };
    }

    private readonly struct Part(Kind kind, byte[]? literal = null, int index = 0)
    {
        public Part(string literal)
            : this(Kind.Literal, Encoding.UTF8.GetBytes(literal))
        {
        }

        public readonly Kind Kind = kind;
        public readonly byte[]? Literal = literal;
        public readonly int Index = index;
    }
}

/// <summary>Parts of a path as it came. Its segments are where they are when it is decoded, since an encoded slash stays encoded.</summary>
internal static class PathPieces
{
    /// <summary>A segment by its number, from 0; empty where there is none.</summary>
    public static ReadOnlySpan<byte> Segment(ReadOnlySpan<byte> path, int index)
    {
        var rest = Rest(path, index);
        var slash = rest.IndexOf((byte)'/');
        return slash < 0 ? rest : rest[..slash];
    }

    /// <summary>All from a segment on, without the slash before it.</summary>
    public static ReadOnlySpan<byte> Rest(ReadOnlySpan<byte> path, int index)
    {
        var rest = path.IsEmpty ? path : path[1..];
        for (; index > 0; index--)
        {
            var slash = rest.IndexOf((byte)'/');
            if (slash < 0) return default;
            rest = rest[(slash + 1)..];
        }
        return rest;
    }

    /// <summary>The query without its question mark.</summary>
    public static ReadOnlySpan<byte> Query(RequestHead request, ReadOnlySpan<byte> head) => request.Target.Length > request.Path.Length
        ? head.Slice(request.Target.Start + request.Path.Length + 1, request.Target.Length - request.Path.Length - 1)
        : default;
}
