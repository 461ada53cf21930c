using System.Buffers;
using System.Text.Json;
using Mainstay.Core.Expressions;
using Mainstay.Core.Kinds.State;

namespace Mainstay.State.Decide.Flows;

/// <summary>What expressions see at one place of a run: what stands before them there, and what is around.</summary>
sealed class FlowScope(FlowScope? around, Func<FlowStep, string, JsonElement?> resultOf) : IExpressionScope
{
    readonly Dictionary<string, JsonElement> values = new(StringComparer.Ordinal);
    readonly Dictionary<string, (FlowStep Step, string Path)> steps = new(StringComparer.Ordinal);

    public void Add(string name, JsonElement value) => values[name] = value;

    public void Add(FlowStep step, string path) => steps[step.Name] = (step, path);

    public JsonElement? Find(string name) =>
        values.TryGetValue(name, out var value) ? value
        : steps.TryGetValue(name, out var step) ? resultOf(step.Step, step.Path)
        : around?.Find(name);
}

/// <summary>JSON that a run makes.</summary>
static class FlowJson
{
    /// <summary>The largest value that a run makes of its expressions, in bytes.</summary>
    public const int MostBytes = 1 << 20;

    /// <summary>How deep what a run keeps may be nested.</summary>
    public const int MostDepth = 40;

    public static JsonElement Null { get; } = Make(w => w.WriteNullValue());

    public static JsonElement Make(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            write(writer);
        }

        using var document = JsonDocument.Parse(buffer.WrittenMemory, new() { MaxDepth = 128 });
        return document.RootElement.Clone();
    }

    /// <summary>A shape with the values of its expressions, as bytes, or why there is none.</summary>
    public static (byte[]? Bytes, string? Fault) Fill(JsonElement shape, IExpressionScope scope)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var writer = new Utf8JsonWriter(buffer, new() { MaxDepth = 128 });
        string? fault;
        try
        {
            fault = ExpressionText.Write(writer, shape, scope);
        }
        catch (InvalidOperationException)
        {
            fault = "the value is nested too deep";
        }

        if (fault is null)
        {
            writer.Flush();
        }

        return fault is not null ? (null, fault) : buffer.WrittenCount > MostBytes ? (null, $"the value is larger than {MostBytes >> 10} KiB") : (buffer.WrittenSpan.ToArray(), null);
    }

    /// <summary>As <see cref="Fill"/>, as a value.</summary>
    public static (JsonElement Value, string? Fault) FillValue(JsonElement? shape, IExpressionScope scope)
    {
        if (shape is null)
        {
            return (Null, null);
        }

        var (bytes, fault) = Fill(shape.Value, scope);
        if (bytes is null)
        {
            return (Null, fault);
        }

        try
        {
            using var document = JsonDocument.Parse(bytes, new() { MaxDepth = MostDepth });
            return (document.RootElement.Clone(), null);
        }
        catch (JsonException)
        {
            return (Null, "the value is nested too deep");
        }
    }
}
