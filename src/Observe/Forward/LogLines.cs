using Mainstay.Observe.Ingest.Otlp;
using Mainstay.Observe.Ingest.Wire;
using Mainstay.Observe.Store.Logs;

namespace Mainstay.Observe.Forward;

/// <summary>Writes records of the log store as a request of OTLP.</summary>
public static class LogLines
{
    /// <summary>The request; records of one service and instance share a resource.</summary>
    public static byte[] Write(IEnumerable<StoredLog> records)
    {
        var into = new ProtoWriter();
        foreach (var group in records.GroupBy(r => (r.Service, r.Instance)))
        {
            var all = into.Open(1);
            var resource = into.Open(1);
            OtlpFields.Attribute(into, 1, "service.name", group.Key.Service);
            if (group.Key.Instance.Length > 0)
            {
                OtlpFields.Attribute(into, 1, "service.instance.id", group.Key.Instance);
            }

            into.Close(resource);
            var scope = into.Open(2);
            foreach (var record in group)
            {
                Write(into, record);
            }

            into.Close(scope);
            into.Close(all);
        }

        return into.Written.ToArray();
    }

    static void Write(ProtoWriter into, StoredLog record)
    {
        var at = into.Open(2);
        into.Fixed(1, (ulong)((record.At - DateTimeOffset.UnixEpoch).Ticks * 100));
        into.Number(2, (ulong)record.Severity);
        into.Text(3, record.Level);
        OtlpFields.Value(into, 5, record.Message);
        foreach (var one in record.Attributes)
        {
            OtlpFields.Attribute(into, 6, one.Key, one.Value);
        }

        if (record.Trace is { Length: 32 } trace)
        {
            into.Bytes(9, Convert.FromHexString(trace));
        }

        if (record.Span is { Length: 16 } span)
        {
            into.Bytes(10, Convert.FromHexString(span));
        }

        into.Close(at);
    }
}
