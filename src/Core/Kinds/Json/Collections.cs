using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Mainstay.Core.Kinds.Json;

/// <summary>
/// Makes lists and maps of types that are known only at run time. Native code has one implementation for all reference types; those of values are made here by name, since each
/// needs code of its own.
/// </summary>
public static class Collections
{
    static readonly Dictionary<Type, ValueShape> Values = new()
    {
        [typeof(bool)] = ValueShape.Of<bool>(),
        [typeof(int)] = ValueShape.Of<int>(),
        [typeof(int?)] = ValueShape.Of<int?>(),
        [typeof(long)] = ValueShape.Of<long>(),
        [typeof(double)] = ValueShape.Of<double>(),
        [typeof(double?)] = ValueShape.Of<double?>(),
        [typeof(TimeSpan)] = ValueShape.Of<TimeSpan>(),
        [typeof(DateTimeOffset)] = ValueShape.Of<DateTimeOffset>(),
        [typeof(Share)] = ValueShape.Of<Share>(),
        [typeof(Rate)] = ValueShape.Of<Rate>(),
        [typeof(ByteSize)] = ValueShape.Of<ByteSize>(),
        [typeof(Cpus)] = ValueShape.Of<Cpus>(),
        [typeof(Criticality)] = ValueShape.Of<Criticality>(),
        [typeof(Observe.TelemetrySignal)] = ValueShape.Of<Observe.TelemetrySignal>(),
    };

    /// <summary>Whether lists and maps of it can be made, in native code too.</summary>
    public static bool Knows(Type element) => !element.IsValueType || Values.ContainsKey(element);

    /// <summary>An array of zeros or nulls.</summary>
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "Arrays of references share their code; those of values are made by name.")]
    public static Array Array(Type element, int length) =>
        element.IsValueType && Values.TryGetValue(element, out var shape) ? shape.Array(length) : System.Array.CreateInstance(element, length);

    /// <summary>An empty map from text to <paramref name="element"/>.</summary>
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "Maps of references share their code; those of values are made by name.")]
    public static IDictionary Map(Type element) =>
        element.IsValueType && Values.TryGetValue(element, out var shape) ? shape.Map() : (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(typeof(string), element))!;

    // Values boxed: the caller knows the type only as an object.
    sealed class ValueShape(Func<int, Array> array, Func<IDictionary> map)
    {
        public Func<int, Array> Array { get; } = array;

        public Func<IDictionary> Map { get; } = map;

        public static ValueShape Of<T>() => new(static length => new T[length], static () => new Dictionary<string, T>());
    }
}
