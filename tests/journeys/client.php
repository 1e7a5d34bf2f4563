<?php
// The documented client of the call log API: php client.php URL EMAIL KEY SESSION_ID
[, $url, $email, $key, $session_id] = $argv;
$curl = curl_init("$url/api/call/" . urlencode($session_id));
curl_setopt($curl, CURLOPT_HTTPHEADER, ["Accept: application/json"]);
curl_setopt($curl, CURLOPT_USERPWD, "$email:$key");
curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
$body = curl_exec($curl);
echo json_encode(["status" => curl_getinfo($curl, CURLINFO_HTTP_CODE), "body" => json_decode($body)]);
