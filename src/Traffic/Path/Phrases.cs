namespace Mainstay.Traffic.Path;

/// <summary>The reason phrases of RFC 9110 §15 for the statuses that the gateway gives itself.</summary>
internal static class Phrases
{
    private static readonly byte[][] Known = Make();

    /// <summary>Empty for statuses without a phrase, which RFC 9112 §4 allows.</summary>
    public static ReadOnlySpan<byte> Of(int status) => status is >= 0 and < 600 ? Known[status] : [];

    private static byte[][] Make()
    {
        var phrases = new byte[600][];
        Array.Fill(phrases, []);
        void Put(int status, ReadOnlySpan<byte> phrase) => phrases[status] = phrase.ToArray();
        Put(200, "OK"u8);
        Put(201, "Created"u8);
        Put(202, "Accepted"u8);
        Put(204, "No Content"u8);
        Put(206, "Partial Content"u8);
        Put(301, "Moved Permanently"u8);
        Put(302, "Found"u8);
        Put(303, "See Other"u8);
        Put(304, "Not Modified"u8);
        Put(307, "Temporary Redirect"u8);
        Put(308, "Permanent Redirect"u8);
        Put(400, "Bad Request"u8);
        Put(401, "Unauthorized"u8);
        Put(403, "Forbidden"u8);
        Put(404, "Not Found"u8);
        Put(405, "Method Not Allowed"u8);
        Put(408, "Request Timeout"u8);
        Put(409, "Conflict"u8);
        Put(410, "Gone"u8);
        Put(412, "Precondition Failed"u8);
        Put(413, "Content Too Large"u8);
        Put(414, "URI Too Long"u8);
        Put(415, "Unsupported Media Type"u8);
        Put(416, "Range Not Satisfiable"u8);
        Put(421, "Misdirected Request"u8);
        Put(422, "Unprocessable Content"u8);
        Put(428, "Precondition Required"u8);
        Put(429, "Too Many Requests"u8);
        Put(431, "Request Header Fields Too Large"u8);
        Put(500, "Internal Server Error"u8);
        Put(501, "Not Implemented"u8);
        Put(502, "Bad Gateway"u8);
        Put(503, "Service Unavailable"u8);
        Put(504, "Gateway Timeout"u8);
        Put(505, "HTTP Version Not Supported"u8);
        return phrases;
    }
}
