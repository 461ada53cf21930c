using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Observe.Ingest.Wire;

/// <summary>A body that is a list of objects, each of which may be refused by itself.</summary>
static class JsonList
{
    /// <summary>Reads one object and tells the sink of it; <see cref="JsonSource.ItemFault"/> where it is refused.</summary>
    public delegate void ReadOne<in TSink>(ref JsonSource json, TSink sink);

    /// <summary>Tells the sink of every object; what is no list of objects is a fault with its place.</summary>
    public static DecodeResult Read<TSink>(ReadOnlySpan<byte> body, DecodeScratch scratch, TSink sink, ReadOne<TSink> one)
    {
        var (taken, refused, first) = (0, 0, DecodeFault.None);
        scratch.Clear();
        var json = new JsonSource(body, scratch);
        try
        {
            if (json.StartArray())
            {
                while (json.NextObject())
                {
                    json.ItemFault = DecodeFault.None;
                    one(ref json, sink);
                    if (json.ItemFault == DecodeFault.None)
                    {
                        taken++;
                    }
                    else
                    {
                        first = refused++ == 0 ? json.ItemFault : first;
                    }

                    scratch.Clear();
                }
            }

            json.Reader.Read();
            return new(taken, refused, DecodeFault.None, 0, first);
        }
        catch (Exception error) when (JsonSource.FaultOf(error) is not DecodeFault.None)
        {
            return new(taken, refused, JsonSource.FaultOf(error), (int)json.Reader.BytesConsumed, first);
        }
    }
}
