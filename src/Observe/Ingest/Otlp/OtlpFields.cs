using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Otlp;

/// <summary>Writes the values and attributes of OTLP: KeyValue {key 1, value 2}, AnyValue {string 1, bool 2, int 3, double 4}.</summary>
public static class OtlpFields
{
    public static void Attribute(ProtoWriter into, int field, string name, string value)
    {
        var at = into.Open(field);
        into.Text(1, name);
        Value(into, 2, value);
        into.Close(at);
    }

    public static void Attribute(ProtoWriter into, int field, string name, long value)
    {
        var at = into.Open(field);
        into.Text(1, name);
        var inner = into.Open(2);
        into.Number(3, (ulong)value);
        into.Close(inner);
        into.Close(at);
    }

    public static void Value(ProtoWriter into, int field, string value)
    {
        var at = into.Open(field);
        into.Text(1, value);
        into.Close(at);
    }
}
